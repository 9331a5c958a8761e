// RUN: wafer-opt %s --convert-wafer-to-pe=target=test16 | FileCheck %s

// Colors of channels on this target: gather_x 0, broadcast_x 2.
// CHECK-LABEL: pe.program @r0_pe for @r0
wafer.program @main mesh(16 x 16) {
  wafer.region @r0 size(4 x 1) {
    %0 = wafer.empty : tensor<16x8xf32, #wafer.layout<[4 at 4 * x0, 8 at 0]>>
    // Everybody sends on the gather channel, the last with a reset; the head relays. Blocks of two dimensions, a turn's
    // word behind each, are taken to scratch as rows; everybody keeps a window of each.
    // CHECK: pe.func @pass_x0()
    // CHECK: pe.vec mov f32 {{.*}} thread 1 control reset
    // CHECK: pe.vec mov f32 {{.*}} thread 1 control advance
    // CHECK-NOT: pe.for
    // CHECK: %[[STAGING:.*]] = pe.addr @s2
    // CHECK: %[[ROW:.*]] = pe.const 33
    // CHECK: pe.vec mov f32 over(%{{.*}}, %[[ROW]]) {{.*}} thread 2 : (!pe.fabric) !pe.fabric
    // CHECK: %[[ROWS:.*]] = pe.desc %[[STAGING]][
    // CHECK: pe.recv_window 2 over({{.*}}) of(%{{.*}}, %[[ROW]]) from({{.*}}) to %[[ROWS]]
    // CHECK: pe.wait 2
    // CHECK: pe.vec mov f32 over(%{{.*}}, %{{.*}}, %{{.*}}) {{.*}} : (!pe.desc) !pe.desc
    // CHECK: pe.wait 1
    // CHECK: pe.buffer @s2 words 128 kind "scratch"
    %1 = wafer.redistribute %0 along x : (tensor<16x8xf32, #wafer.layout<[4 at 4 * x0, 8 at 0]>>)
        -> tensor<16x8xf32, #wafer.layout<[16 at 0, 2 at 2 * x0]>>
    // Nothing leaves a PE: one copy.
    // CHECK: pe.func @copy1()
    // CHECK-NOT: pe.recv_window
    // CHECK: pe.func @reduce_x2()
    %2 = wafer.redistribute %1 locally : (tensor<16x8xf32, #wafer.layout<[16 at 0, 2 at 2 * x0]>>)
        -> tensor<16x8xf32, #wafer.layout<[16 at 0, 1 at 2 * x0]>>
    %3 = wafer.empty : tensor<8xf32, #wafer.layout<[8 at 0], partial = add[x0]>>
    // The chain adds what comes from the farther neighbor to its own and passes it on.
    // CHECK: pe.vec add f32 {{.*}} : (!pe.desc) !pe.desc, !pe.fabric
    // CHECK: pe.vec add f32 {{.*}} : (!pe.fabric) !pe.desc, !pe.fabric
    %4 = wafer.reduce %3 along x by chain : tensor<8xf32, #wafer.layout<[8 at 0], partial = add[x0]>>
        to tensor<8xf32, #wafer.layout<[8 at 0], valid_at_0 = [x0]>>
    // One sender: no gather, the head speaks on the broadcast channel.
    // CHECK: pe.func @pass_x3()
    // CHECK-NOT: control
    // CHECK: pe.recv_window 2
    %5 = wafer.redistribute %4 along x : (tensor<8xf32, #wafer.layout<[8 at 0], valid_at_0 = [x0]>>)
        -> tensor<8xf32, #wafer.layout<[2 at 2 * x0]>>
    // Blocks that are larger than what scratch is worth are taken one by one.
    // CHECK: pe.func @pass_x4()
    // CHECK: pe.for
    // CHECK: pe.vec mov f32 {{.*}} thread 2 : (!pe.fabric) !pe.fabric
    // CHECK: pe.recv_window 2
    // CHECK: pe.wait 2
    // CHECK-NOT: "scratch"
    %6 = wafer.empty : tensor<32x16xf32, #wafer.layout<[8 at 8 * x0, 16 at 0]>>
    %7 = wafer.redistribute %6 along x : (tensor<32x16xf32, #wafer.layout<[8 at 8 * x0, 16 at 0]>>)
        -> tensor<32x16xf32, #wafer.layout<[32 at 0, 4 at 4 * x0]>>
  }
}
