//===- Passes.td - Passes on the pe dialect -------------------------------===//
#ifndef WAFER_DIALECT_PE_PASSES_TD
#define WAFER_DIALECT_PE_PASSES_TD

include "mlir/Pass/PassBase.td"

def PeAllocateBuffers : Pass<"pe-allocate-buffers", "::wafer::pe::ProgramOp"> {
  let summary = "Gives every buffer an address in SRAM, by liveness";
  let description = [{
    Buffers are laid from the top of usable SRAM downward; code and tables grow from address 0. Weights live always.
    Others live from their first to their last use, in steps of main's outermost ops: a loop is one step, so a buffer
    used in it lives over all of it. Two buffers share bytes only if they are never live in the same step. Offsets are
    assigned largest first, each into the tightest gap among those it must not touch. Buffers that have an address keep
    it. Then every `pe.addr` becomes a `pe.const`.
  }];
  let options = [
    Option<"usableBytes", "usable-bytes", "int64_t", "0", "Bytes of SRAM that a program may fill (of the target profile)">,
    Option<"wholeMesh", "whole-mesh", "bool", "false", "The mesh is all that the machine has: a larger one is no remedy">,
  ];
  let statistics = [
    Statistic<"numBuffers", "buffers", "Buffers placed">,
    Statistic<"peakBytes", "peak-bytes", "Bytes from the lowest buffer to the top, summed over programs">,
    Statistic<"liveBytes", "live-bytes", "Bytes live at once at most, summed over programs: no placement takes less">,
  ];
  let dependentDialects = ["::wafer::pe::PeDialect"];
}

def PeCollapseNests : Pass<"pe-collapse-nests", "::wafer::pe::FuncOp"> {
  let summary = "Removes dimensions of nests that do not count";
  let description = [{
    A dimension of extent 1, and one that continues its inner neighbour in every operand, is half a word in the nest and
    in every descriptor. Vector instructions that share a nest or a descriptor are changed together or not at all: a
    shorter nest for one of them would have to be set up beside the old one.
  }];
  let statistics = [
    Statistic<"numRemoved", "removed", "Dimensions removed from nests">,
  ];
  let dependentDialects = ["::wafer::pe::PeDialect"];
}

def PeShareFunctions : Pass<"pe-share-functions", "::wafer::pe::ProgramOp"> {
  let summary = "Makes one function of those that differ only in constants";
  let description = [{
    Functions of one structure, up to the values of `pe.const`, become one. Constants on which all agree stay; each
    set of constants that vary together becomes an entry of a table that the calls name. Functions that read a table
    already keep their entries, and new ones follow. Equal tables are merged. A group is shared only if that takes fewer
    bytes: one function, its loads and the tables against the functions as they were. Functions that agree in everything
    are always merged. Calls keep the location of the kernel they run; code that several kernels share has none.

    Linear in the size of the program: functions meet by a hash of their structure.
  }];
  let statistics = [
    Statistic<"numMerged", "merged", "Functions that were replaced by another">,
    Statistic<"numTables", "tables", "Tables made">,
    Statistic<"savedBytes", "saved-bytes", "Estimated bytes saved">,
  ];
  let dependentDialects = ["::wafer::pe::PeDialect"];
}

def PeUnshareFunctions : Pass<"pe-unshare-functions", "::wafer::pe::ProgramOp"> {
  let summary = "Gives calls a function of their own, where memory is left";
  let description = [{
    Below the lowest buffer there may be more bytes than code and tables take. Calls get a copy of their function, in which
    the entries of their table are constants: those first that save the most instructions for the bytes of the copy. The
    last call that shares a function has it to itself, whatever the room. Needs the addresses of buffers.
  }];
  let options = [
    Option<"usableBytes", "usable-bytes", "int64_t", "0", "Bytes of SRAM that a program may fill (of the target profile)">,
  ];
  let statistics = [Statistic<"numUnshared", "unshared", "Functions copied for a call">];
  let dependentDialects = ["::wafer::pe::PeDialect"];
}

def PeInlineCalls : Pass<"pe-inline-calls", "::wafer::pe::ProgramOp"> {
  let summary = "Puts functions that are called once in the place of their calls";
  let description = [{
    Saves the call and the return, and their code. Instructions get the node and the step of the call, so that what they
    take still counts for its kernel. Functions with parameter tables stay: they are shared.
  }];
  let statistics = [Statistic<"numInlined", "inlined", "Functions that became part of main">];
  let dependentDialects = ["::wafer::pe::PeDialect"];
}

def PeSimplify : Pass<"pe-simplify", "::wafer::pe::ProgramOp"> {
  let summary = "Folds, removes what is not used, and merges what is computed twice";
  let description = [{
    CSE, canonicalization and CSE again, by the patterns of the `pe` dialect: programs have no other operations.
  }];
  let dependentDialects = ["::wafer::pe::PeDialect"];
}

#endif // WAFER_DIALECT_PE_PASSES_TD
