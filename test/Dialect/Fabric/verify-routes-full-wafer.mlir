// RUN: wafer-opt %s --pass-pipeline='builtin.module(fabric.program(fabric-expand-channels,fabric-verify-routes{target=wse2}))' -o /dev/null

// 630,000 PEs in eight channels take no longer than 16: following them router by router took two minutes.
fabric.program @f mesh(750 x 994) {
  fabric.channel @r.gather_x gather_x color 0 over <2, 3, 700, 900>
  fabric.channel @r.gather_y gather_y color 1 over <2, 3, 700, 900>
  fabric.channel @r.broadcast_x broadcast_x color 10 over <2, 3, 700, 900>
  fabric.channel @r.broadcast_y broadcast_y color 11 over <2, 3, 700, 900>
  fabric.channel @r.chain_x_even chain_x_even color 14 over <2, 3, 700, 900>
  fabric.channel @r.chain_x_odd chain_x_odd color 15 over <2, 3, 700, 900>
  fabric.channel @r.chain_y_even chain_y_even color 18 over <2, 3, 700, 900>
  fabric.channel @r.chain_y_odd chain_y_odd color 19 over <2, 3, 700, 900>
  fabric.channel @r.away_x_even away_x_even color 6 over <2, 3, 700, 900>
  fabric.channel @r.away_x_odd away_x_odd color 7 over <2, 3, 700, 900>
  fabric.channel @r.away_y_even away_y_even color 8 over <2, 3, 700, 900>
  fabric.channel @r.away_y_odd away_y_odd color 9 over <2, 3, 700, 900>
}
