//===- FabricOps.td - Operations of the fabric dialect ----------------------===//
#ifndef WAFER_DIALECT_FABRIC_FABRICOPS_TD
#define WAFER_DIALECT_FABRIC_FABRICOPS_TD

include "wafer/Dialect/Fabric/FabricDialect.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

class Fabric_Op<string mnemonic, list<Trait> traits = []> : Op<Fabric_Dialect, mnemonic, traits>;

def Fabric_ProgramOp : Fabric_Op<"program", [IsolatedFromAbove, Symbol, SymbolTable, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "All communication of a program";
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$mesh_width, I64Attr:$mesh_height);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `mesh` `(` $mesh_width `x` $mesh_height `)` attr-dict-with-keyword $body";
}

def Fabric_ChannelOp : Fabric_Op<"channel", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "Intent: one of the channels of a region";
  let description = [{
    gather: every PE of a line injects in turn (the head first), data flows to the line's head and is heard only there.
    broadcast: the head injects, the whole line hears it. chain even (odd): from each PE to its neighbor toward the head, where
    that neighbor's coordinate is even (odd). away even (odd): the same in the other direction. Heads stand at x = 0 of rows, y = 0 of columns.
    cast: the `root` of each line injects, the whole line hears it. far: from each of `leaders`, and over what lies
    between, to the next one toward the root, or to the root; every second link of them, those into the root even beyond
    it and odd before it. group_cast: of each `group` of so many neighbors the one at `root` injects, the whole group
    hears it.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Fabric_ChannelKind:$kind, I64Attr:$color, Fabric_AreaAttr:$area,
                       OptionalAttr<I64Attr>:$root, OptionalAttr<I64Attr>:$group,
                       OptionalAttr<DenseI64ArrayAttr>:$leaders);
  let assemblyFormat = [{
    $sym_name $kind `color` $color `over` $area (`root` $root^)? (`group` $group^)? (`leaders` $leaders^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Fabric_NetOp : Fabric_Op<"net", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "Intent: a bus of lanes; lane i runs from source i to element i of every run of sinks";
  let description = [{
    `carries` names the streams that use the net, one after the other. A bus may be in parts, which have colors of their
    own: those after the first say which of the streams' lanes is their `first`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Fabric_RunAttr:$source, TypedArrayAttrBase<Fabric_RunAttr, "runs">:$sinks,
                       OptionalAttr<I64Attr>:$color, OptionalAttr<I64Attr>:$hops,
                       OptionalAttr<StrArrayAttr>:$carries,
                       DefaultValuedAttr<I64Attr, "0">:$first);
  let assemblyFormat = [{
    $sym_name `from` $source `to` $sinks (`color` $color^)? (`hops` $hops^)? (`carries` $carries^)? (`first` $first^)?
    attr-dict
  }];
  let hasVerifier = 1;
}

def Fabric_RouteOp : Fabric_Op<"route", [HasParent<"ProgramOp">, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Realization: how routers handle one color, over an area";
  let description = [{
    Position 0 holds at first; a control wavelet that passes moves on to the next and stays at the last (advance), or
    returns to position 0 (reset).
  }];
  let arguments = (ins FlatSymbolRefAttr:$owner, I64Attr:$color, Fabric_AreaAttr:$area,
                       TypedArrayAttrBase<Fabric_PositionAttr, "positions">:$positions);
  let assemblyFormat = "$owner `color` $color `over` $area `positions` $positions attr-dict";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

#endif // WAFER_DIALECT_FABRIC_FABRICOPS_TD
