/* The C interface of waferc: compile a model, open a program image, run it on the emulator.
 *
 *   WaferProgram *program;
 *   WaferError *error = waferCompileFile("model.onnx", NULL, NULL, &program);
 *   if (error) { puts(waferErrorMessage(error, 0)); waferErrorDestroy(error); return 1; }
 *   WaferSession *session;
 *   error = waferSessionCreate(program, &session);
 *   error = waferSessionRun(session, &x, 1, &y, 1, NULL, NULL);
 *
 * A function that can fail returns NULL, or an error that the caller destroys; then its results are not touched.
 * Nothing is thrown across this interface. Strings are UTF-8 where the model's are; what a function returns belongs to
 * the object that it was asked of and lives as long. Any number of compilations and sessions may be at work at once, in
 * any threads; one session, or one set of options, is used by one thread at a time, a program by any number. Objects
 * that are NULL may be destroyed.
 */
#ifndef WAFER_C_WAFER_H
#define WAFER_C_WAFER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define WAFER_API __declspec(dllexport)
#else
#define WAFER_API __attribute__((visibility("default")))
#endif

/* Grows with every function that is added; a function is never changed or taken away. */
#define WAFER_API_VERSION 4
WAFER_API int waferApiVersion(void);
/* "0.1.0". */
WAFER_API const char *waferVersion(void);

/*===- Errors -------------------------------------------------------------===*/

/* What went wrong: one thing or several, as a refusal names every node at fault. */
typedef struct WaferError WaferError;
WAFER_API void waferErrorDestroy(WaferError *error);
/* At least 1. */
WAFER_API size_t waferErrorCount(const WaferError *error);
/* "WF2001": stable, see docs/errors.md. */
WAFER_API const char *waferErrorCode(const WaferError *error, size_t index);
/* The name of the ONNX node at fault, or "". */
WAFER_API const char *waferErrorNode(const WaferError *error, size_t index);
WAFER_API const char *waferErrorMessage(const WaferError *error, size_t index);
/* What to change, or "". */
WAFER_API const char *waferErrorHint(const WaferError *error, size_t index);
/* Inputs of the model whose values the compiler must know: with them as constants the model may compile. */
WAFER_API size_t waferErrorInputCount(const WaferError *error, size_t index);
WAFER_API const char *waferErrorInput(const WaferError *error, size_t index, size_t input);
/* All of it: {"diagnostics": [{"severity", "code", "node", "message", "hint", "inputs"}]}. */
WAFER_API const char *waferErrorJson(const WaferError *error);
/* What a code ("WF2001") means and what to do about it, as in docs/errors.md, to be given to waferTextDestroy; NULL if
 * there is no such code. */
WAFER_API char *waferExplain(const char *code);

/*===- Tensors ------------------------------------------------------------===*/

/* Element types, numbered as in ONNX (TensorProto.DataType). */
typedef enum WaferType {
  WAFER_FLOAT = 1,
  WAFER_UINT8 = 2,
  WAFER_INT8 = 3,
  WAFER_UINT16 = 4,
  WAFER_INT16 = 5,
  WAFER_INT32 = 6,
  WAFER_INT64 = 7,
  WAFER_BOOL = 9,
  WAFER_FLOAT16 = 10,
  WAFER_DOUBLE = 11,
  WAFER_UINT32 = 12,
  WAFER_UINT64 = 13,
  WAFER_BFLOAT16 = 16
} WaferType;

/* What a program takes or gives. */
typedef struct WaferTensorInfo {
  const char *name;
  WaferType type;
  size_t rank;
  const int64_t *shape;
  /* Of an output with as many elements as the data say: the dimension that each run decides, `shape` has the most there
   * can be. Else -1. */
  int64_t openDim;
} WaferTensorInfo;

/* A tensor of the caller's: dense, row-major, in the host's byte order. */
typedef struct WaferTensor {
  const char *name;
  WaferType type;
  size_t rank;
  const int64_t *shape;
  void *data;  /* inputs and constants are only read */
  size_t size; /* bytes */
} WaferTensor;

/*===- Following long work ------------------------------------------------===*/

/* Members may be NULL. The structure is read during the call that it is given to. */
typedef struct WaferCallbacks {
  void *user;
  /* What is being done, one line. `fraction` is from 0 to 1, or negative where it is not known. */
  void (*progress)(void *user, const char *text, double fraction);
  /* Asked now and then, perhaps by several threads; not 0 ends the work with WF8010. */
  int (*isCancelled)(void *user);
} WaferCallbacks;

/*===- Compiling ----------------------------------------------------------===*/

/* How to compile; NULL stands for the defaults. */
typedef struct WaferOptions WaferOptions;
WAFER_API WaferOptions *waferOptionsCreate(void);
WAFER_API void waferOptionsDestroy(WaferOptions *options);
/* The options of wafer-compile, without their dashes: "mesh", "16x16". Those that may be repeated add to each other:
 * "dim", "batch=1". */
WAFER_API WaferError *waferOptionsSet(WaferOptions *options, const char *name, const char *value);
/* Makes the input of that name a constant. The data are copied. */
WAFER_API WaferError *waferOptionsSetConstant(WaferOptions *options, const WaferTensor *value);
/* What there is to set. `form` is how a value looks ("WxH|auto"), `help` what it does. */
WAFER_API size_t waferOptionCount(void);
WAFER_API const char *waferOptionName(size_t index);
WAFER_API const char *waferOptionForm(size_t index);
WAFER_API const char *waferOptionHelp(size_t index);
WAFER_API int waferOptionIsRepeated(size_t index);

/* What a model takes and gives, as it says itself and before it is compiled: JSON with "inputs" and "outputs" (name,
 * type as ONNX's number, shape with symbols and nulls), "metadata" and more. `path` is a file, or what messages call
 * the `size` bytes at `data`, if that is not NULL; then `folder` is where their external data are, or NULL. The text is
 * the caller's: waferTextDestroy. */
WAFER_API WaferError *waferDescribeModel(const char *path, const void *data, size_t size, const char *folder,
                                         char **json);
WAFER_API void waferTextDestroy(char *text);

typedef struct WaferProgram WaferProgram;
WAFER_API WaferError *waferCompileFile(const char *path, const WaferOptions *options, const WaferCallbacks *callbacks,
                                       WaferProgram **program);
/* The same for a model in memory. `name` is what messages call it; `folder` is where its external data are, NULL if it
 * has none. */
WAFER_API WaferError *waferCompileBytes(const void *data, size_t size, const char *name, const char *folder,
                                        const WaferOptions *options, const WaferCallbacks *callbacks,
                                        WaferProgram **program);

/* Reads, checks and lowers a model as far as no plan is made yet, in milliseconds: NULL if it can be compiled, as far
 * as its nodes say; whether it fits the machine is another matter. An error names every node at fault, for callers who
 * compile parts of a model. Arguments are waferCompileBytes's. */
WAFER_API WaferError *waferCheckBytes(const void *data, size_t size, const char *name, const char *folder,
                                      const WaferOptions *options, const WaferCallbacks *callbacks);

/* 0 if no node of an operator can be compiled, whatever it is given. `domain` is "" for ONNX's own, `opset` the version
 * of the operator set that the model imports. */
WAFER_API int waferHasOperator(const char *domain, const char *op, int opset);

/*===- Programs -----------------------------------------------------------===*/

/* Opens a program image (.wafer). A file must not change while the program or a session of it lives. */
WAFER_API WaferError *waferProgramOpen(const char *path, WaferProgram **program);
/* The bytes are copied. */
WAFER_API WaferError *waferProgramFromBytes(const void *data, size_t size, WaferProgram **program);
WAFER_API void waferProgramDestroy(WaferProgram *program);
WAFER_API WaferError *waferProgramSave(const WaferProgram *program, const char *path);
WAFER_API const void *waferProgramBytes(const WaferProgram *program, size_t *size);
/* The JSON report of the compilation (docs/report.md); "" for a program that was opened. */
WAFER_API const char *waferProgramReport(const WaferProgram *program);
/* Writes a report, as it is or with what a caller has added: a page to look at (docs/page.md) if the path ends with
 * .html, else the JSON. */
WAFER_API WaferError *waferReportSave(const char *json, const char *path);
WAFER_API size_t waferProgramInputCount(const WaferProgram *program);
WAFER_API WaferTensorInfo waferProgramInput(const WaferProgram *program, size_t index);
WAFER_API size_t waferProgramOutputCount(const WaferProgram *program);
WAFER_API WaferTensorInfo waferProgramOutput(const WaferProgram *program, size_t index);
/* Inputs of the model that no output depends on: a run may be given them, or not. */
WAFER_API size_t waferProgramIgnoredInputCount(const WaferProgram *program);
WAFER_API const char *waferProgramIgnoredInput(const WaferProgram *program, size_t index);

/*===- Running ------------------------------------------------------------===*/

/* An emulated machine with a program in it. Weights stay loaded between runs; all else begins anew. */
typedef struct WaferSession WaferSession;
/* The program may be destroyed before the session. */
WAFER_API WaferError *waferSessionCreate(const WaferProgram *program, WaferSession **session);
WAFER_API void waferSessionDestroy(WaferSession *session);

/* What a run counts: nothing; the machine's cycles, which takes longer; each of them exactly, by stepping the machine
 * cycle by cycle, for which programs on meshes of more than 16,384 PEs are too large (WF8011). */
enum { WAFER_CYCLES_NONE = 0, WAFER_CYCLES_STREAM = 1, WAFER_CYCLES_EXACT = 2 };

typedef struct WaferRunOptions {
  int countCycles;  /* one of the above */
  double maxCycles; /* end with an error when a core runs longer; 0: no limit */
} WaferRunOptions;

/* From now on each run writes a trace, in Perfetto's format (docs/trace.md), to that file; NULL: no longer. `pes` is a
 * rectangle of PEs whose instructions are traced, "X,Y,WxH", or NULL. Such a run counts cycles. What is wrong with the
 * file or the rectangle is the run's error. */
WAFER_API WaferError *waferSessionTrace(WaferSession *session, const char *path, const char *pes);

/* From now on a run may use that many threads of this host; 0, as at the beginning: one for each of its processors.
 * Outputs and cycles are the same with any number. */
WAFER_API WaferError *waferSessionThreads(WaferSession *session, unsigned threads);

/* One inference. Every input of the program is given, of its type and shape; outputs are written where the caller says,
 * any of them, each `size` bytes as its shape wants (the largest, if that is open). NULL options count cycles. */
WAFER_API WaferError *waferSessionRun(WaferSession *session, const WaferTensor *inputs, size_t inputCount,
                                      const WaferTensor *outputs, size_t outputCount, const WaferRunOptions *options,
                                      const WaferCallbacks *callbacks);
/* The shape of an output in the last run that succeeded: as many numbers as the output has dimensions. */
WAFER_API WaferError *waferSessionOutputShape(const WaferSession *session, const char *name, int64_t *shape);
/* Of the last run, as JSON (docs/report.md): cycles, times, wavelets, regions and nodes. */
WAFER_API const char *waferSessionStats(WaferSession *session);

#ifdef __cplusplus
}
#endif

#endif /* WAFER_C_WAFER_H */
