//===- FabricDialect.td - Routes -------------------------------------------===//
#ifndef WAFER_DIALECT_FABRIC_FABRICDIALECT_TD
#define WAFER_DIALECT_FABRIC_FABRICDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Fabric_Dialect : Dialect {
  let name = "fabric";
  let cppNamespace = "::wafer::fabric";
  let summary = "Routers' set-up: channels and nets as intent, routes as what realizes them";
  let description = [{
    Coordinates are those of the mesh, x to the east, y to the south. docs/rationale/fabric.md says why it is so.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Fabric_Attr<string name, string mnemonic_> : AttrDef<Fabric_Dialect, name> { let mnemonic = mnemonic_; }

def Fabric_ChannelKind : I32EnumAttr<"ChannelKind", "", [
  I32EnumAttrCase<"GatherX", 0, "gather_x">, I32EnumAttrCase<"GatherY", 1, "gather_y">,
  I32EnumAttrCase<"BroadcastX", 2, "broadcast_x">, I32EnumAttrCase<"BroadcastY", 3, "broadcast_y">,
  I32EnumAttrCase<"ChainXEven", 4, "chain_x_even">, I32EnumAttrCase<"ChainXOdd", 5, "chain_x_odd">,
  I32EnumAttrCase<"ChainYEven", 6, "chain_y_even">, I32EnumAttrCase<"ChainYOdd", 7, "chain_y_odd">,
  I32EnumAttrCase<"AwayXEven", 8, "away_x_even">, I32EnumAttrCase<"AwayXOdd", 9, "away_x_odd">,
  I32EnumAttrCase<"AwayYEven", 10, "away_y_even">, I32EnumAttrCase<"AwayYOdd", 11, "away_y_odd">,
  I32EnumAttrCase<"FarXEven", 12, "far_x_even">, I32EnumAttrCase<"FarXOdd", 13, "far_x_odd">,
  I32EnumAttrCase<"FarYEven", 14, "far_y_even">, I32EnumAttrCase<"FarYOdd", 15, "far_y_odd">,
  I32EnumAttrCase<"CastX", 16, "cast_x">, I32EnumAttrCase<"CastY", 17, "cast_y">,
  I32EnumAttrCase<"GroupCastX", 18, "group_cast_x">, I32EnumAttrCase<"GroupCastY", 19, "group_cast_y">]> {
  let cppNamespace = "::wafer::fabric";
}

def Fabric_Port : I32EnumAttr<"Port", "", [
  I32EnumAttrCase<"North", 1, "north">, I32EnumAttrCase<"East", 2, "east">, I32EnumAttrCase<"South", 4, "south">,
  I32EnumAttrCase<"West", 8, "west">, I32EnumAttrCase<"Ramp", 16, "ramp">]> {
  let cppNamespace = "::wafer::fabric";
}

def Fabric_AreaAttr : Fabric_Attr<"Area", "area"> {
  let summary = "The PEs (x + i * step_x, y + j * step_y) inside a w x h rectangle";
  let parameters = (ins "int64_t":$x, "int64_t":$y, "int64_t":$w, "int64_t":$h,
                        "int64_t":$stepX, "int64_t":$stepY);
  let hasCustomAssemblyFormat = 1; // <x, y, w, h> or <x, y, w, h, step 2, 1>
  let genVerifyDecl = 1;
}

def Fabric_RunAttr : Fabric_Attr<"Run", "run"> {
  let summary = "`count` terminals (x + i * dx, y + i * dy), at the core (ramp) or a host port on a side of the mesh";
  let parameters = (ins "int64_t":$x, "int64_t":$y, "int64_t":$dx, "int64_t":$dy, "int64_t":$count, "Port":$port);
  let assemblyFormat = "`<` $x `,` $y `by` $dx `,` $dy `times` $count `port` $port `>`";
  let genVerifyDecl = 1;
}

def Fabric_PositionAttr : Fabric_Attr<"Position", "position"> {
  let summary = "One switch position of a color at a router: the port it takes wavelets from, the ports it gives them to";
  let parameters = (ins "Port":$input, "unsigned":$outputs); // outputs: Port bits
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // WAFER_DIALECT_FABRIC_FABRICDIALECT_TD
