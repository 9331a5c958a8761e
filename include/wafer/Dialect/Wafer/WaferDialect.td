//===- WaferDialect.td - Kernels on rectangles ----------------------------===//
#ifndef WAFER_DIALECT_WAFER_WAFERDIALECT_TD
#define WAFER_DIALECT_WAFER_WAFERDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/TensorEncoding.td"

def Wafer_Dialect : Dialect {
  let name = "wafer";
  let cppNamespace = "::wafer::wfr";
  let summary = "Kernels on rectangles of cores, tensors with layouts, explicit communication";
  let description = [{
    A `wafer.region` is a rectangle of PEs that runs its ops one after the other as one SPMD program. Tensors carry a
    `#wafer.layout` as encoding: which box each PE holds. Communication is explicit: `wafer.redistribute` between
    layouts, `wafer.reduce` of partial results, `wafer.send` and `wafer.receive` between regions.
    docs/rationale/wafer.md says why it is so.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

class Wafer_Attr<string name, string mnemonic_, list<Trait> traits = []> : AttrDef<Wafer_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}

def Wafer_PartialKind : I32EnumAttr<"PartialKind", "", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Add", 1, "add">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Max", 4, "max">, I32EnumAttrCase<"Pick", 5, "pick">,
  I32EnumAttrCase<"AddChecked", 6, "add_checked">, I32EnumAttrCase<"MulChecked", 7, "mul_checked">]> {
  let cppNamespace = "::wafer::wfr";
}

def Wafer_CheckedKind : I32EnumAttr<"CheckedKind", "", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Shl", 3, "shl">, I32EnumAttrCase<"Div", 4, "div">,
  I32EnumAttrCase<"NonNegative", 5, "non_negative">, I32EnumAttrCase<"FromFloat", 6, "from_float">]> {
  let cppNamespace = "::wafer::wfr";
}

def Wafer_Side : I32EnumAttr<"Side", "A side of a region: lines along x are rows, along y columns", [
  I32EnumAttrCase<"X", 0, "x">, I32EnumAttrCase<"Y", 1, "y">]> {
  let cppNamespace = "::wafer::wfr";
}

def Wafer_MoveAlgorithm : I32EnumAttr<"MoveAlgorithm", "How elements get from PE to PE of a line", [
  I32EnumAttrCase<"Pass", 0, "pass">, I32EnumAttrCase<"Neighbors", 1, "neighbors">]> {
  let cppNamespace = "::wafer::wfr";
}

def Wafer_ReduceAlgorithm : I32EnumAttr<"ReduceAlgorithm", "How the terms of a line are combined", [
  I32EnumAttrCase<"Chain", 0, "chain">, I32EnumAttrCase<"Star", 1, "star">]> {
  let cppNamespace = "::wafer::wfr";
}

def Wafer_LayoutAttr : Wafer_Attr<"Layout", "layout", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "Which box of a tensor each PE of a region holds";
  let description = [{
    The logical axes of a region are x0, xm, x1, likewise y0, ym, y1, and t, the chunk of the enclosing `wafer.chunks`.
    `split = [a, b]` divides sides in two: x = x0 * a + x1; `split = [m * a, b]` in three: x = (x0 * m + xm) * a + x1. An
    undivided side has x0 or y0 only. Per tensor dimension the PE holds `length` elements from an affine start, clipped to the tensor:

        #wafer.layout<[31 at 31 * x0, 16 at 16 * y0 - 1, 4 at 0]>

    An axis that appears in a dimension shards it; one that appears nowhere replicates, unless it is named in `partial`
    (each PE holds a term; the kind combines them; `pick` has one contributor, others hold zero bits;
    `add_checked` and `mul_checked` end the run when a result does not fit 32 bits) or in
    `valid_at_0` (only the PEs at coordinate 0 of it hold valid data). Where a side is divided, `split` says by what.
  }];
  let parameters = (ins "Split":$splitX, "Split":$splitY,
                        ArrayRefParameter<"LayoutDim">:$dims,
                        "PartialKind":$kind, "unsigned":$partialAxes, "unsigned":$atAxes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    unsigned getRank() const { return getDims().size(); }
  }];
}

def Wafer_LineAttr : Wafer_Attr<"Line", "line"> {
  let summary = "How the PEs of a line stand toward one of them, the root, where all that they have comes together";
  let description = [{
    Leaders, PEs at these positions on either side of the root, collect what the PEs behind them have and send it on to
    the next leader toward the root. They stand an even way from the root, so that all of them hear the same of a
    channel's two colors. Without leaders the line is two chains of neighbors.

    A line may be many: each group of so many neighbors then has a root of its own, at `root` in the group, and no
    leaders.

        #wafer.line<root 5, leaders [3, 7, 11]>
        #wafer.line<root 16 of 31>
  }];
  let parameters = (ins "int64_t":$root, DefaultValuedParameter<"int64_t", "0">:$group, // 0: the whole line
                        OptionalArrayRefParameter<"int64_t">:$leaders);                  // ascending
  let assemblyFormat = "`<` `root` $root (`of` $group^)? (`,` `leaders` `[` $leaders^ `]`)? `>`";
  let genVerifyDecl = 1;
}

def Wafer_RectAttr : Wafer_Attr<"Rect", "rect"> {
  let summary = "A rectangle of PEs of the mesh";
  let parameters = (ins "int64_t":$x, "int64_t":$y, "int64_t":$w, "int64_t":$h);
  let assemblyFormat = "`<` $x `,` $y `,` $w `,` $h `>`";
  let genVerifyDecl = 1;
}

#endif // WAFER_DIALECT_WAFER_WAFERDIALECT_TD
