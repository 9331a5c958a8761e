//===- PeOps.td - Operations of the pe dialect ----------------------------===//
#ifndef WAFER_DIALECT_PE_PEOPS_TD
#define WAFER_DIALECT_PE_PEOPS_TD

include "wafer/Dialect/Pe/PeDialect.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/LoopLikeInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Pe_Op<string mnemonic, list<Trait> traits = []> : Op<Pe_Dialect, mnemonic, traits>;

def Pe_VectorOperand : AnyTypeOf<[I32, Pe_DescType, Pe_FabricType]>;

//===- Structure ----------------------------------------------------------===//

def Pe_ProgramOp : Pe_Op<"program", [IsolatedFromAbove, Symbol, SymbolTable, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "The program of one region: its buffers, functions and main";
  let description = [{
    `region` names the wafer.region that it was made from. Holds `pe.buffer`, `pe.table`, `pe.func` and exactly one
    `pe.main`, and nothing else.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<FlatSymbolRefAttr>:$region);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name (`for` $region^)? attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Pe_BufferOp : Pe_Op<"buffer", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "A static SRAM buffer";
  let description = [{
    `kind` is weight, activation or scratch. A weight buffer names its source, a module-level weight symbol, and the box
    that each PE holds; the loader fills it and it lives as long as the program. Others live from their first to their
    last use in `pe.main`; `pe-allocate-buffers` gives them addresses. The box's elements lie within the buffer.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$words, StrAttr:$kind, OptionalAttr<I64Attr>:$address,
                       OptionalAttr<FlatSymbolRefAttr>:$source, OptionalAttr<Pe_BoxAttr>:$box);
  let assemblyFormat = [{
    $sym_name `words` $words `kind` $kind (`at` $address^)? (`from` $source^ $box)? attr-dict
  }];
  let hasVerifier = 1;
}

def Pe_TableOp : Pe_Op<"table", [Symbol, HasParent<"ProgramOp">]> {
  let summary = "A parameter table in read-only memory: 32-bit values, stored as 16 bits where all users read 16";
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI32ArrayAttr:$values);
  let assemblyFormat = "$sym_name $values attr-dict";
}

def Pe_FuncOp : Pe_Op<"func", [Symbol, IsolatedFromAbove, HasParent<"ProgramOp">, SingleBlock, NoTerminator]> {
  let summary = "A function: kernels and collectives, called from main";
  let description = [{
    Block arguments are up to three `i32` values. Functions do not call functions. A function that reads `pe.param` is
    called with a table. A function waits for the asynchronous threads that it started: no vector instruction outlives
    the call that issued it. If it is `open`, main does, at the latest where it ends; what an instruction on such a thread touches keeps its memory until all PEs
    have come to where the thread is used again.

    In a `returning` function words that a PE sends come back to it, combined with those of others. So no PE may wait
    for its own send before it takes them, and all its sends are asynchronous.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, UnitAttr:$returning, UnitAttr:$open);
  let regions = (region SizedRegion<1>:$body);
  let extraClassDeclaration = [{
    /// Threads that the function leaves at work, as bits.
    unsigned openThreads();
  }];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Pe_MainOp : Pe_Op<"main", [IsolatedFromAbove, HasParent<"ProgramOp">, SingleBlock, NoTerminator,
                               NoRegionArguments]> {
  let summary = "What every PE of the region runs: calls, loops of calls, and what was called once";
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Pe_CallOp : Pe_Op<"call", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Calls a function, with a parameter table if it wants one";
  let arguments = (ins FlatSymbolRefAttr:$callee, OptionalAttr<FlatSymbolRefAttr>:$table, Variadic<I32>:$operands);
  let assemblyFormat = "$callee (`table` $table^)? `(` $operands `)` attr-dict";
}

//===- Control ------------------------------------------------------------===//

def Pe_ForOp : Pe_Op<"for", [SingleBlock, NoTerminator, RecursiveMemoryEffects,
                             DeclareOpInterfaceMethods<LoopLikeOpInterface>]> {
  let summary = "for (i = lower; i < upper; i += step), signed; step > 0";
  let arguments = (ins I32:$lower, I32:$upper, I32:$step);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$lower, "::mlir::Value":$upper, "::mlir::Value":$step)>];
  let skipDefaultBuilders = 1;
  let extraClassDeclaration = [{
    ::mlir::Value getInductionVar() { return getBody().getArgument(0); }
  }];
}

def Pe_IfOp : Pe_Op<"if", [SingleBlock, NoTerminator, NoRegionArguments, RecursiveMemoryEffects]> {
  let summary = "Runs one body or the other: condition != 0";
  let arguments = (ins I32:$condition);
  let regions = (region MaxSizedRegion<1>:$thenRegion, MaxSizedRegion<1>:$elseRegion);
  let assemblyFormat = "$condition $thenRegion (`else` $elseRegion^)? attr-dict";
  let hasCanonicalizer = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$condition, CArg<"bool", "false">:$withElse)>];
  let skipDefaultBuilders = 1;
}

def Pe_TrapOp : Pe_Op<"trap"> {
  let summary = "Ends the run with `message` if the condition is not zero";
  let arguments = (ins I32:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict";
  let hasCanonicalizer = 1;
}

//===- Scalars ------------------------------------------------------------===//

def Pe_ConstOp : Pe_Op<"const", [Pure, ConstantLike]> {
  let summary = "A 32-bit constant";
  let arguments = (ins I32Attr:$value);
  let results = (outs I32:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "int64_t":$value)>];
}

def Pe_AddrOp : Pe_Op<"addr", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A buffer's byte address, plus an offset in words; becomes pe.const once buffers have addresses";
  let arguments = (ins FlatSymbolRefAttr:$buffer, DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs I32:$result);
  let assemblyFormat = "$buffer (`plus` $offset^)? attr-dict";
  let builders = [OpBuilder<(ins "::llvm::StringRef":$buffer, CArg<"int64_t", "0">:$offset)>];
}

def Pe_ParamOp : Pe_Op<"param", [Pure]> {
  let summary = "Entry `index` of the table that the function was called with";
  let arguments = (ins I64Attr:$index);
  let results = (outs I32:$result);
  let assemblyFormat = "$index attr-dict";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "int64_t":$index)>];
}

def Pe_CoordOp : Pe_Op<"coord", [Pure]> {
  let summary = "This PE's x or y, relative to its region's origin";
  let arguments = (ins Pe_Axis:$axis);
  let results = (outs I32:$result);
  let assemblyFormat = "$axis attr-dict";
  let builders = [OpBuilder<(ins "Axis":$axis)>];
}

def Pe_ScalarOp : Pe_Op<"scalar", [NoMemoryEffect, DeclareOpInterfaceMethods<ConditionallySpeculatable>]> {
  let summary = "Integer arithmetic on scalars, 32-bit two's complement";
  let description = [{
    Wraps. `slt` and `seq` give 1 or 0, signed. `shr` is arithmetic. `div` and `rem` truncate and are helper routines;
    division by zero ends the run, so they are not moved to where they might not have run.
  }];
  let arguments = (ins Pe_ScalarKind:$kind, I32:$a, I32:$b);
  let results = (outs I32:$result);
  let assemblyFormat = "$kind $a `,` $b attr-dict";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let builders = [OpBuilder<(ins "ScalarKind":$kind, "::mlir::Value":$a, "::mlir::Value":$b)>];
}

def Pe_LoadOp : Pe_Op<"load", [MemoryEffects<[MemRead]>]> {
  let summary = "The word at a byte address plus an offset in bytes";
  let arguments = (ins I32:$address, DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs I32:$result);
  let assemblyFormat = "$address (`plus` $offset^)? attr-dict";
  let hasVerifier = 1;
}

def Pe_StoreOp : Pe_Op<"store"> {
  let summary = "Stores a word at a byte address plus an offset in bytes";
  let arguments = (ins I32:$value, I32:$address, DefaultValuedAttr<I64Attr, "0">:$offset);
  let assemblyFormat = "$value `to` $address (`plus` $offset^)? attr-dict";
  let hasVerifier = 1;
}

//===- Vectors ------------------------------------------------------------===//

def Pe_DescOp : Pe_Op<"desc", [Pure]> {
  let summary = "A memory descriptor: base byte address and a stride in words per dimension of the nest";
  let arguments = (ins I32:$base, Variadic<I32>:$strides);
  let results = (outs Pe_DescType:$result);
  let assemblyFormat = "$base `[` $strides `]` attr-dict";
  let hasVerifier = 1;
}

def Pe_FabricOp : Pe_Op<"fabric", [Pure]> {
  let summary = "A color, as a vector operand";
  let arguments = (ins I64Attr:$color);
  let results = (outs Pe_FabricType:$result);
  let assemblyFormat = "$color attr-dict";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "int64_t":$color)>];
}

def Pe_VecOp : Pe_Op<"vec", [AttrSizedOperandSegments]> {
  let summary = "dst = kind(a, b, c), element by element over the nest, in row-major order";
  let description = [{
    `nest` holds one to four extents, outermost first; an extent <= 0 makes the nest empty. Operands are descriptors
    whose rank is the nest's, colors, or `i32` scalars (the bits, for f32). No `dst` means that the elements are dropped
    (a receive that counts). Each element is read and written before the next: a `dst` stride of 0 accumulates.
    `thread` 1..7 makes it asynchronous: it starts when that thread is free and `pe.wait` awaits it. Scalars,
    descriptors and nest are read when it starts. `control` sends a control wavelet after the data on dst's color.
  }];
  let arguments = (ins Pe_VectorKind:$kind, Pe_ElementType:$type, Variadic<I32>:$nest,
                       Optional<AnyTypeOf<[Pe_DescType, Pe_FabricType]>>:$dst, Pe_VectorOperand:$a,
                       Optional<Pe_VectorOperand>:$b, Optional<Pe_VectorOperand>:$c,
                       DefaultValuedAttr<I64Attr, "0">:$thread,
                       DefaultValuedAttr<Pe_Control, "::wafer::pe::Control::None">:$control);
  let assemblyFormat = [{
    $kind $type `over` `(` $nest `)` (`to` $dst^)? `of` $a (`,` $b^)? (`,` $c^)? (`thread` $thread^)?
    (`control` $control^)? attr-dict `:` (`(` type($dst)^ `)`)? type($a) (`,` type($b)^)? (`,` type($c)^)?
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Pe_RecvWindowOp : Pe_Op<"recv_window", [AttrSizedOperandSegments]> {
  let summary = "Receives a row-major block and keeps a box of it";
  let description = [{
    The block of shape `block` arrives on `color`; the box that starts at `lower` with extents `nest` is stored through
    `dst`, all else is dropped. An empty nest drops the whole block. The box lies inside the block.
  }];
  let arguments = (ins I64Attr:$color, Variadic<I32>:$nest, Variadic<I32>:$block, Variadic<I32>:$lower,
                       Pe_DescType:$dst);
  let assemblyFormat = [{
    $color `over` `(` $nest `)` `of` `(` $block `)` `from` `(` $lower `)` `to` $dst attr-dict
  }];
  let hasVerifier = 1;
}

def Pe_WaitOp : Pe_Op<"wait"> {
  let summary = "Waits until an asynchronous thread is idle";
  let arguments = (ins I64Attr:$thread);
  let assemblyFormat = "$thread attr-dict";
  let hasVerifier = 1;
}

#endif // WAFER_DIALECT_PE_PEOPS_TD
