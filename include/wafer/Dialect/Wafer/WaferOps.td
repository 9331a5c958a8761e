//===- WaferOps.td - Operations of the wafer dialect ----------------------===//
#ifndef WAFER_DIALECT_WAFER_WAFEROPS_TD
#define WAFER_DIALECT_WAFER_WAFEROPS_TD

include "wafer/Dialect/Wafer/WaferDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

class Wafer_Op<string mnemonic, list<Trait> traits = []> : Op<Wafer_Dialect, mnemonic, traits>;

//===- Structure ----------------------------------------------------------===//

def Wafer_ProgramOp : Wafer_Op<"program", [IsolatedFromAbove, Symbol, SymbolTable, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "A planned model: regions and the streams between them";
  let description = [{
    ```mlir
    wafer.program @main mesh(8 x 8) {
      wafer.region @r0 size(4 x 1) {
        %x = wafer.receive @in : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
        wafer.send %x to @out : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
      }
      wafer.stream @in to [@r0] of tensor<16xf32, #wafer.layout<[16 at 0]>> senders 1 lanes 1 host "x"
      wafer.stream @out from @r0 to [] of tensor<16xf32, #wafer.layout<[4 at 4 * x0]>> senders 4 lanes 1 host "y"
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$mesh_width, I64Attr:$mesh_height);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `mesh` `(` $mesh_width `x` $mesh_height `)` attr-dict-with-keyword $body";
}

def Wafer_RegionOp : Wafer_Op<"region", [Symbol, HasParent<"ProgramOp">, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "A rectangle of PEs that runs its ops in order";
  let description = [{
    The planner chooses the size; the placer adds `rect`. A `pin` fixes a coordinate before placement (-1: free). For
    reports the planner notes `estimated_bytes` on regions (SRAM of a PE) and `estimated_cycles` on their ops, by what they
    are spent on.

    ```mlir
    wafer.program @main mesh(8 x 8) {
      wafer.region @r0 size(4 x 2) rect #wafer.rect<1, 0, 4, 2> {
        %0 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$width, I64Attr:$height, OptionalAttr<Wafer_RectAttr>:$rect,
                       OptionalAttr<DenseI64ArrayAttr>:$pin);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `size` `(` $width `x` $height `)` (`rect` $rect^)? (`pin` $pin^)? attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    RegionSize size() { return {static_cast<int64_t>(getWidth()), static_cast<int64_t>(getHeight())}; }
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Wafer_StreamOp : Wafer_Op<"stream", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "A bus of lanes between regions, or between a region and the host";
  let description = [{
    Lane i runs from the head (x = 0) of row i of `from` to the heads of row i of every region in `to`; the host stands
    at a side of the mesh. `layout` and `senders` say what a lane carries: for each sender 0 .. senders - 1 in turn the
    box that it holds of the tensor, clipped, row-major. Streams with the same ends share a fabric.net, one after the
    other; the host sends and takes those of a net in the order in which they stand in the program. The host may know
    the tensor by another shape, `as`, of the same elements in row-major order.

    ```mlir
    wafer.program @main mesh(8 x 8) {
      wafer.stream @x to [@r0, @r1] of tensor<6x8xf32, #wafer.layout<[3 at 3 * y0, 8 at 0]>> senders 1 lanes 2
          host "x" as [48]
      wafer.stream @h from @r0 to [@r1] of tensor<6x8xf32, #wafer.layout<[3 at 3 * y0, 2 at 2 * x0]>> senders 4 lanes 2
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<FlatSymbolRefAttr>:$from, ArrayAttr:$to, TypeAttr:$type,
                       I64Attr:$senders, I64Attr:$lanes, OptionalAttr<StrAttr>:$host_name,
                       OptionalAttr<DenseI64ArrayAttr>:$host_shape);
  let assemblyFormat = [{
    $sym_name (`from` $from^)? `to` $to `of` $type `senders` $senders `lanes` $lanes
    (`host` $host_name^ (`as` $host_shape^)?)? attr-dict
  }];
  let hasVerifier = 1;
}

def Wafer_UnreadOp : Wafer_Op<"unread", [HasParent<"ProgramOp">]> {
  let summary = "An input of the model that no PE reads";
  let description = [{
    The result does not depend on it, or only on its shape. The host still takes it, so that the program is called as
    the model is; it goes no further.

    ```mlir
    wafer.program @main mesh(8 x 8) {
      wafer.unread "training_mode" of tensor<1xi64>
    }
    ```
  }];
  let arguments = (ins StrAttr:$host_name, TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = "$host_name `of` $type attr-dict";
}

//===- Data ---------------------------------------------------------------===//

def Wafer_WeightOp : Wafer_Op<"weight", [Pure]> {
  let summary = "A weight, resident in the given layout from load on";
  let description = [{
    ```mlir
    %w = wafer.weight @w : tensor<16x8xf32, #wafer.layout<[4 at 4 * x0, 8 at 0]>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($result)";
}

def Wafer_ConstantOp : Wafer_Op<"constant", [Pure]> {
  let summary = "A small constant, resident like a weight";
  let description = [{
    ```mlir
    %c = wafer.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32> : tensor<4xf32, #wafer.layout<[1 at 1 * x0]>>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Wafer_FillOp : Wafer_Op<"fill", [Pure]> {
  let summary = "A tensor of one value in the given layout; whole boxes are filled, beyond the tensor's edge too";
  let description = [{
    ```mlir
    %zeros = wafer.fill 0.0 : f32 : tensor<18xf32, #wafer.layout<[5 at 4 * x0]>>
    ```
  }];
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Wafer_EmptyOp : Wafer_Op<"empty", [Pure]> {
  let summary = "A tensor without values in the given layout, to be written piece by piece";
  let description = [{
    ```mlir
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    ```
  }];
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Wafer_ReshapeOp : Wafer_Op<"reshape", [Pure]> {
  let summary = "The same memory under another shape: every PE's box is the same elements in the same order";
  let description = [{
    ```mlir
    %0 = wafer.empty : tensor<4x6xf32, #wafer.layout<[1 at 1 * x0, 6 at 0]>>
    %1 = wafer.reshape %0
        : tensor<4x6xf32, #wafer.layout<[1 at 1 * x0, 6 at 0]>> to tensor<24xf32, #wafer.layout<[6 at 6 * x0]>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===- Communication ------------------------------------------------------===//

def Wafer_RedistributeOp : Wafer_Op<"redistribute", [Pure]> {
  let summary = "From any layout to any other, in one pass along lines of PEs";
  let description = [{
    Element i of the source goes to element i + `shift` of the result. `along x` (`along y`): every PE of a row (column)
    sends what its line needs, every PE keeps what is due. `locally`: nothing leaves a PE. With `into` the result is that
    tensor, in place, with these elements replaced.

    `by neighbors` is for halos: what a PE lacks of its window is held by the PEs beside it on the line, which hand it
    over directly. The default, `by pass`, makes no such demand.

    A pass may also reshape what it moves. `merge d`: dimensions d and d + 1 of the source are dimension d of the
    result, row-major; `split d` is the reverse. Blocks of the merged dimension may be cut anywhere: the outer of the
    two dimensions is passed slice by slice.

    ```mlir
    #blocks = #wafer.layout<[4 at 4 * x0]>
    #windows = #wafer.layout<[6 at 4 * x0 - 1]>
    %0 = wafer.empty : tensor<16xf32, #blocks>
    %all = wafer.redistribute %0 along x : (tensor<16xf32, #blocks>) -> tensor<16xf32, #wafer.layout<[16 at 0]>>
    %halo = wafer.redistribute %0 along x by neighbors : (tensor<16xf32, #blocks>) -> tensor<16xf32, #windows>
    %part = wafer.redistribute %halo locally : (tensor<16xf32, #windows>) -> tensor<16xf32, #blocks>
    %zeros = wafer.fill 0.0 : f32 : tensor<18xf32, #wafer.layout<[18 at 0]>>
    %padded = wafer.redistribute %0 into %zeros along x shift [1]
        : (tensor<16xf32, #blocks>, tensor<18xf32, #wafer.layout<[18 at 0]>>) -> tensor<18xf32, #wafer.layout<[18 at 0]>>
    %rows = wafer.redistribute %0 along x split 0
        : (tensor<16xf32, #blocks>) -> tensor<2x8xf32, #wafer.layout<[2 at 0, 2 at 2 * x0]>>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source, Optional<AnyRankedTensor>:$into, OptionalAttr<Wafer_Side>:$side,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$shift,
                       DefaultValuedAttr<Wafer_MoveAlgorithm, "::wafer::wfr::MoveAlgorithm::Pass">:$algorithm,
                       OptionalAttr<I64Attr>:$merge, OptionalAttr<I64Attr>:$split);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $source (`into` $into^)? (`along` $side^):(`locally`)? (`by` $algorithm^)? (`shift` $shift^)? (`merge` $merge^)?
    (`split` $split^)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    bool byNeighbors() { return getAlgorithm() == MoveAlgorithm::Neighbors; }
    /// What `merge` or `split` says.
    Regroup regroup();
  }];
  let skipDefaultBuilders = 1;
  let builders = [
    OpBuilder<(ins "mlir::Type":$type, "mlir::Value":$source, "mlir::Value":$into, "std::optional<Side>":$side,
                   "llvm::ArrayRef<int64_t>":$shift, CArg<"MoveAlgorithm", "MoveAlgorithm::Pass">:$algorithm,
                   CArg<"Regroup", "{}">:$regroup)>
  ];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Wafer_ReduceOp : Wafer_Op<"reduce", [Pure]> {
  let summary = "Combines partial terms along one side; the result is valid at coordinate 0 of the axes that had terms";
  let description = [{
    `chain` and `star` combine whole lines of PEs, `chain` also groups of neighbors (terms on the minor axis alone of a
    divided side).

    ```mlir
    #terms = #wafer.layout<[8 at 0], partial = add[x0]>
    #sums = #wafer.layout<[8 at 0], valid_at_0 = [x0]>
    %0 = wafer.empty : tensor<8xf32, #terms>
    %1 = wafer.reduce %0 along x by chain : tensor<8xf32, #terms> to tensor<8xf32, #sums>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source, Wafer_Side:$side, Wafer_ReduceAlgorithm:$algorithm);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source `along` $side `by` $algorithm attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Wafer_AllReduceOp : Wafer_Op<"all_reduce", [Pure]> {
  let summary = "Combines partial terms along one side; all PEs of a line have the result";
  let description = [{
    Terms flow toward the root of `line` and the result from there to all, while it is being made: it costs no more
    time than the reduction and the way back. Whole lines, or groups of neighbors (terms on the minor axis alone of a
    divided side). The memory of the source is written over.

    Several tensors with terms on the same PEs, of one element type and kind, are combined at a time: as if they were one.

    What stands directly behind and computes on each PE alone, on neither terms nor sums, is done while the words are on
    their way; so is a send whose columns are dealt.

    Along each side a region has one root beside its lines' heads, leaders of one line, and groups of one kind, as
    channels are routed for them.

    ```mlir
    #terms = #wafer.layout<[8 at 0], partial = add[x0]>
    #sums = #wafer.layout<[8 at 0]>
    %0 = wafer.empty : tensor<8xf32, #terms>
    %1 = wafer.all_reduce %0 along x on <root 2, leaders [0]> : tensor<8xf32, #terms> to tensor<8xf32, #sums>
    %4 = wafer.empty : tensor<8xf32, #terms>
    %5 = wafer.empty : tensor<8xf32, #terms>
    %2, %3 = wafer.all_reduce %4, %5 along x on <root 2>
        : tensor<8xf32, #terms>, tensor<8xf32, #terms> to tensor<8xf32, #sums>, tensor<8xf32, #sums>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$sources, Wafer_Side:$side, Wafer_LineAttr:$line);
  let results = (outs Variadic<AnyRankedTensor>:$sums);
  let assemblyFormat = "$sources `along` $side `on` $line attr-dict `:` type($sources) `to` type($sums)";
  let hasVerifier = 1;
}

def Wafer_TermsOp : Wafer_Op<"terms", [Pure]> {
  let summary = "Parts of a tensor as the terms of a sum that picks them: each PE's own, and what changes no sum elsewhere";
  let description = [{
    The result is a term of kind `pick` on the axes that it names; over these, PEs have all of it between them. An
    all-reduce then gathers the parts: for few words that takes less than a pass, in which PEs speak in turn. Terms of kind
    `add` go with sums of products; no two PEs may hold an element then. Beside them stands -0, to which any number can be added without a
    change, +0 and -0 too.

    ```mlir
    #part = #wafer.layout<[1 at 1 * x0, 17 at 0]>
    #terms = #wafer.layout<[4 at 0, 17 at 0], partial = pick[x0]>
    %0 = wafer.empty : tensor<4x17xf32, #part>
    %1 = wafer.terms %0 : tensor<4x17xf32, #part> to tensor<4x17xf32, #terms>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Wafer_SendOp : Wafer_Op<"send"> {
  let summary = "Sends a tensor down a stream: one half of a pass along x";
  let description = [{
    ```mlir
    %0 = wafer.empty : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    wafer.send %0 to @out : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    ```

    Every row sends what its PEs hold, as the stream's layout says. `dealt`: all rows hold the same, and the lane of row
    r takes what columns r, r + lanes, r + 2 lanes... hold. So a stream of 2 lanes and 2 senders carries
    `[4 at 8 * x0 + 4 * y0]` of the tensor above.
  }];
  let arguments = (ins AnyRankedTensor:$source, FlatSymbolRefAttr:$stream, UnitAttr:$dealt);
  let assemblyFormat = "$source `to` $stream (`dealt` $dealt^)? attr-dict `:` type($source)";
}

def Wafer_ReceiveOp : Wafer_Op<"receive"> {
  let summary = "Receives a tensor from a stream: the other half";
  let description = [{
    ```mlir
    %0 = wafer.receive @in : tensor<16xf32, #wafer.layout<[4 at 4 * x0]>>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$stream);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$stream attr-dict `:` type($result)";
}

def Wafer_RelayOp : Wafer_Op<"relay"> {
  let summary = "Passes on what a stream brings down another stream, and keeps nothing";
  let description = [{
    The heads of rows hand on word after word; both streams carry the same. So taking the one and sending the other is
    one event: neither ends before the other's ends have begun.

    ```mlir
    wafer.relay @from_left to @to_right
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$source, FlatSymbolRefAttr:$target);
  let assemblyFormat = "$source `to` $target attr-dict";
}

//===- Compute ------------------------------------------------------------===//

def Wafer_KernelOp : Wafer_Op<"kernel", [SingleBlock, AttrSizedOperandSegments]> {
  let summary = "A structured op on the boxes that each PE holds";
  let description = [{
    The body, maps and iterators are those of linalg.generic on whole tensors; `iteration` says which box of the
    iteration space each PE computes. A reduction dimension that an axis shards leaves the result partial on that axis.
    Reductions start from `identity`. With `into` the result accumulates (reductions) or is written (others) in place.

    `shared` names a loop whose iterations the PEs of a line, or of a group of neighbors, share that all have the same box:
    each computes as many as the others, one after the other from the first PE on, as far as they go. The result is
    partial(pick) there: a PE has zero bits for what others compute. No element is computed twice, whether PEs divide them
    evenly or not.

    The product of a 4x6 matrix and a vector: rows on y, terms on x.

    ```mlir
    #a = #wafer.layout<[2 at 2 * y0, 2 at 2 * x0]>
    #terms = #wafer.layout<[2 at 2 * y0], partial = add[x0]>
    %a = wafer.weight @a : tensor<4x6xf32, #a>
    %x = wafer.receive @x : tensor<6xf32, #wafer.layout<[2 at 2 * x0]>>
    %y = wafer.kernel(%a, %x) {extents = array<i64: 4, 6>, iteration = #a, iterators = ["parallel", "reduction"],
        indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>],
        identity = 0.0 : f32}
        : (tensor<4x6xf32, #a>, tensor<6xf32, #wafer.layout<[2 at 2 * x0]>>) -> tensor<4xf32, #terms> {
    ^bb0(%u: f32, %v: f32, %sum: f32):
      %product = arith.mulf %u, %v : f32
      %more = arith.addf %sum, %product : f32
      wafer.yield %more : f32
    }
    ```

    Exponentials of five elements that all columns have: with eight columns, the first five compute one each.

    ```mlir
    #all = #wafer.layout<[5 at 5 * y0]>
    %x = wafer.receive @x : tensor<10xf32, #all>
    %e = wafer.kernel(%x) {extents = array<i64: 10>, iteration = #all, iterators = ["parallel"], shared = 0,
        indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>]}
        : (tensor<10xf32, #all>) -> tensor<10xf32, #wafer.layout<[5 at 5 * y0], partial = pick[x0]>> {
    ^bb0(%u: f32, %old: f32):
      %v = math.exp %u : f32
      wafer.yield %v : f32
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Optional<AnyRankedTensor>:$into,
                       AffineMapArrayAttr:$indexing_maps, StrArrayAttr:$iterators, DenseI64ArrayAttr:$extents,
                       Wafer_LayoutAttr:$iteration, OptionalAttr<TypedAttrInterface>:$identity,
                       OptionalAttr<I64Attr>:$shared);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $inputs `)` (`into` $into^)? attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
}

def Wafer_IndexOp : Wafer_Op<"index", [Pure, HasParent<"KernelOp">]> {
  let summary = "The index of a kernel's loop, in the whole iteration space";
  let description = [{
    ```mlir
    %y = wafer.kernel() {extents = array<i64: 8>, iteration = #wafer.layout<[2 at 2 * x0]>, iterators = ["parallel"],
        indexing_maps = [affine_map<(i) -> (i)>]} : () -> tensor<8xi32, #wafer.layout<[2 at 2 * x0]>> {
    ^bb0(%old: i32):
      %i = wafer.index 0
      %value = arith.index_cast %i : index to i32
      wafer.yield %value : i32
    }
    ```
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs Index:$result);
  let assemblyFormat = "$dim attr-dict";
}

def Wafer_CheckedOp : Wafer_Op<"checked", [NoMemoryEffect]> {
  let summary = "A 64-bit integer of the model in 32 bits: exact, or the run ends";
  let description = [{
    In bodies of kernels and of linalg ops, after `legalize-element-types`. The true result of the operation if it fits 32
    bits; else the run ends with WF7019. So it wraps nowhere, and nothing may be reordered over it that could: it is no op
    of arith, whose rewrites add and multiply constants modulo 2^32. `non_negative` is the operand, which must be >= 0;
    `from_float` truncates an f32 toward zero.

    ```mlir
    %a = arith.constant 2147483647 : i32
    %sum = wafer.checked add %a, %a : i32
    %index = wafer.checked non_negative %a : i32
    ```
  }];
  let arguments = (ins Wafer_CheckedKind:$kind, AnyTypeOf<[I32, F32]>:$a, Optional<I32>:$b);
  let results = (outs I32:$result);
  let assemblyFormat = "$kind $a (`,` $b^)? attr-dict `:` type($a)";
  let hasVerifier = 1;
}

def Wafer_GatherOp : Wafer_Op<"gather", [Pure]> {
  let summary = "Rows of a table by run-time index: the owner of a row contributes it, others zero bits";
  let description = [{
    result[i..., d...] = table[indices[i...], d...]. If the table's rows are sharded the result is partial(pick).
    An index outside the table ends the run with an error.

    ```mlir
    #table = #wafer.layout<[25 at 25 * x0, 8 at 0]>
    #rows = #wafer.layout<[3 at 0, 8 at 0], partial = pick[x0]>
    %table = wafer.weight @embedding : tensor<100x8xf32, #table>
    %ids = wafer.receive @ids : tensor<3xi32, #wafer.layout<[3 at 0]>>
    %rows = wafer.gather %table at %ids
        : (tensor<100x8xf32, #table>, tensor<3xi32, #wafer.layout<[3 at 0]>>) -> tensor<3x8xf32, #rows>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$table, AnyRankedTensor:$indices);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$table `at` $indices attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Wafer_ChunksOp : Wafer_Op<"chunks", [SingleBlock]> {
  let summary = "Runs its body for t = 0 .. count - 1, carrying tensors; layouts inside may depend on t";
  let description = [{
    ```mlir
    #row = #wafer.layout<[1 at 1 * t, 8 at 0]>
    #all = #wafer.layout<[4 at 0, 8 at 0]>
    %x = wafer.receive @x : tensor<4x8xf32, #all>
    %place = wafer.empty : tensor<4x8xf32, #all>
    %y = wafer.chunks 4 init (%place) : (tensor<4x8xf32, #all>) -> tensor<4x8xf32, #all> {
    ^bb0(%done: tensor<4x8xf32, #all>):
      %row = wafer.redistribute %x locally : (tensor<4x8xf32, #all>) -> tensor<4x8xf32, #row>
      %next = wafer.redistribute %row into %done locally
          : (tensor<4x8xf32, #row>, tensor<4x8xf32, #all>) -> tensor<4x8xf32, #all>
      wafer.yield %next : tensor<4x8xf32, #all>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inits, I64Attr:$count);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$count `init` `(` $inits `)` attr-dict `:` functional-type(operands, results) $body";
  let hasVerifier = 1;
}

def Wafer_YieldOp : Wafer_Op<"yield", [Terminator, Pure]> {
  let summary = "Ends a kernel's or a chunk loop's body";
  let description = [{
    ```mlir
    %y = wafer.kernel() {extents = array<i64: 8>, iteration = #wafer.layout<[2 at 2 * x0]>, iterators = ["parallel"],
        indexing_maps = [affine_map<(i) -> (i)>]} : () -> tensor<8xf32, #wafer.layout<[2 at 2 * x0]>> {
    ^bb0(%old: f32):
      %one = arith.constant 1.0 : f32
      wafer.yield %one : f32
    }
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

#endif // WAFER_DIALECT_WAFER_WAFEROPS_TD
