/* The C interface, from C: capi-test RELU.onnx TILE.onnx REFUSED.onnx FOLDER, models of Inputs/models.py. Says what it
 * checked, or where it failed. */
#include "wafer-c/wafer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                  \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)

static void require(WaferError *error, const char *what) {
  if (!error)
    return;
  fprintf(stderr, "%s: %s %s\n", what, waferErrorCode(error, 0), waferErrorMessage(error, 0));
  exit(1);
}

/* The error has that code and mentions that text; it is destroyed. */
static void expect(WaferError *error, const char *code, const char *text) {
  CHECK(error);
  CHECK(waferErrorCount(error) >= 1);
  if (strcmp(waferErrorCode(error, 0), code) != 0 || !strstr(waferErrorMessage(error, 0), text)) {
    fprintf(stderr, "%s %s\n", waferErrorCode(error, 0), waferErrorMessage(error, 0));
    CHECK(!"another error was expected");
  }
  CHECK(strstr(waferErrorJson(error), code));
  CHECK(waferErrorHint(error, 0) && waferErrorNode(error, 0));
  waferErrorDestroy(error);
}

static void *readFile(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  CHECK(file);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  void *data = malloc(*size);
  CHECK(fread(data, 1, *size, file) == *size);
  fclose(file);
  return data;
}

static WaferOptions *optionsFor(const char *mesh) {
  WaferOptions *options = waferOptionsCreate();
  require(waferOptionsSet(options, "mesh", mesh), "mesh");
  return options;
}

static const int64_t kShape[] = {3, 5};

/* y = relu(x) on numbers that count from -7 + start. */
static void runRelu(WaferSession *session, int start) {
  float x[15], y[15];
  for (int i = 0; i != 15; ++i)
    x[i] = (float)(i - 7 + start);
  WaferTensor input = {"x", WAFER_FLOAT, 2, kShape, x, sizeof x}, output = {"y", WAFER_FLOAT, 2, kShape, y, sizeof y};
  require(waferSessionRun(session, &input, 1, &output, 1, NULL, NULL), "run");
  for (int i = 0; i != 15; ++i)
    CHECK(y[i] == (x[i] > 0 ? x[i] : 0));
}

static void checkOptions(void) {
  WaferOptions *options = waferOptionsCreate();
  expect(waferOptionsSet(options, "mesh", "16"), "WF8001", "option 'mesh': '16' is neither auto nor");
  expect(waferOptionsSet(options, "colour", "red"), "WF8001", "there is no option of that name");
  expect(waferOptionsSet(options, "emit", "tensor"), "WF8001", "it is for wafer-compile alone");
  expect(waferOptionsSet(options, "mesh", NULL), "WF8001", "needs a name and a value");
  char *text = waferExplain("WF2001");
  CHECK(text && strstr(text, "WF2001: ") && strstr(text, "What to do: "));
  waferTextDestroy(text);
  CHECK(!waferExplain("WF9999") && !waferExplain(NULL));
  int meshes = 0;
  for (size_t i = 0; i != waferOptionCount(); ++i) {
    CHECK(strlen(waferOptionForm(i)) && strlen(waferOptionHelp(i)));
    meshes += strcmp(waferOptionName(i), "mesh") == 0;
    CHECK(waferOptionIsRepeated(i) == (strcmp(waferOptionName(i), "dim") == 0 || !strcmp(waferOptionName(i), "shape") ||
                                       !strcmp(waferOptionName(i), "const")));
  }
  CHECK(meshes == 1);
  int64_t one = 1;
  WaferTensor bad = {"n", WAFER_INT64, 1, &one, &one, 4};
  expect(waferOptionsSetConstant(options, &bad), "WF8001", "has 4 bytes");
  bad.type = (WaferType)99;
  expect(waferOptionsSetConstant(options, &bad), "WF8001", "type number 99");
  waferOptionsDestroy(options);
  puts("options");
}

/* Whether the file begins so. */
static int begins(const char *path, const char *text) {
  size_t size;
  char *data = readFile(path, &size);
  int good = size > strlen(text) && memcmp(data, text, strlen(text)) == 0;
  free(data);
  return good;
}

static void checkReport(const char *report, const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/report.json", folder);
  require(waferReportSave(report, path), "report");
  CHECK(begins(path, "{\n"));
  snprintf(path, sizeof path, "%s/report.html", folder);
  require(waferReportSave(report, path), "page");
  CHECK(begins(path, "<!doctype html>"));
  expect(waferReportSave(report, "/no/such/folder/x"), "WF8001", "/no/such/folder/x: cannot write");
  expect(waferReportSave("", path), "WF8001", "no report");
}

static void checkTrace(WaferSession *session, const char *folder) {
  char path[4096];
  size_t size, all;
  snprintf(path, sizeof path, "%s/run.pftrace", folder);
  require(waferSessionTrace(session, path, NULL), "trace");
  runRelu(session, 1);
  free(readFile(path, &size));
  require(waferSessionTrace(session, path, "0,0,3x2"), "trace of PEs");
  runRelu(session, 2);
  free(readFile(path, &all));
  CHECK(size > 100 && all > size);
  require(waferSessionTrace(session, NULL, NULL), "no trace");
  remove(path);
  runRelu(session, 3);
  CHECK(!fopen(path, "rb"));
  expect(waferSessionTrace(session, path, "0,0"), "WF8001", "'0,0' is no rectangle");
}

static void checkThreadsOfRun(WaferSession *session) {
  require(waferSessionThreads(session, 2), "threads");
  runRelu(session, 1);
  require(waferSessionThreads(session, 0), "all threads");
  runRelu(session, 2);
  expect(waferSessionThreads(NULL, 1), "WF8001", "no session");
}

static void checkProgram(const char *relu, const char *folder) {
  WaferOptions *options = optionsFor("3x2");
  WaferProgram *program = NULL, *same = NULL, *opened = NULL;
  require(waferCompileFile(relu, options, NULL, &program), "compile");
  size_t size, otherSize, modelSize;
  void *model = readFile(relu, &modelSize);
  require(waferCompileBytes(model, modelSize, "relu.onnx", NULL, options, NULL, &same), "compile bytes");
  free(model);
  const void *bytes = waferProgramBytes(program, &size), *others = waferProgramBytes(same, &otherSize);
  CHECK(size == otherSize && memcmp(bytes, others, size) == 0);
  CHECK(strstr(waferProgramReport(program), "\"regions\""));
  CHECK(waferProgramInputCount(program) == 1 && waferProgramOutputCount(program) == 1);
  WaferTensorInfo x = waferProgramInput(program, 0), y = waferProgramOutput(program, 0);
  CHECK(!strcmp(x.name, "x") && x.type == WAFER_FLOAT && x.rank == 2 && x.shape[0] == 3 && x.shape[1] == 5);
  CHECK(!strcmp(y.name, "y") && y.openDim == -1);

  char path[4096];
  snprintf(path, sizeof path, "%s/saved.wafer", folder);
  require(waferProgramSave(program, path), "save");
  require(waferProgramOpen(path, &opened), "open");
  CHECK(!strcmp(waferProgramReport(opened), ""));
  WaferSession *first, *second;
  require(waferSessionCreate(opened, &first), "session");
  require(waferSessionCreate(opened, &second), "another session");
  waferProgramDestroy(opened); /* sessions go on */
  runRelu(first, 0);
  runRelu(second, 3);
  runRelu(first, 5);
  CHECK(strstr(waferSessionStats(first), "\"cycles\""));
  int64_t shape[2];
  require(waferSessionOutputShape(first, "y", shape), "shape");
  CHECK(shape[0] == 3 && shape[1] == 5);

  float data[15] = {0};
  WaferTensor input = {"x", WAFER_FLOAT, 2, kShape, data, sizeof data};
  WaferTensor output = {"y", WAFER_FLOAT, 2, kShape, data, 4};
  expect(waferSessionRun(first, &input, 1, &output, 1, NULL, NULL), "WF8008", "takes 60 bytes, the buffer has 4");
  output.size = sizeof data, output.type = WAFER_INT32;
  expect(waferSessionRun(first, &input, 1, &output, 1, NULL, NULL), "WF8007", "output 'y' is float32, not int32");
  output.name = "z";
  expect(waferSessionRun(first, &input, 1, &output, 1, NULL, NULL), "WF8005", "no output 'z'");
  input.name = "z";
  expect(waferSessionRun(first, &input, 1, NULL, 0, NULL, NULL), "WF8005", "no input 'z'");
  WaferProgram *broken;
  expect(waferProgramFromBytes("nonsense", 8, &broken), "WF6001", "");
  expect(waferProgramOpen("/no/such/file", &broken), "WF6002", "/no/such/file");
  expect(waferProgramSave(program, "/no/such/folder/x"), "WF6003", "cannot write");
  checkReport(waferProgramReport(program), folder);
  checkTrace(second, folder);
  checkThreadsOfRun(second);
  waferSessionDestroy(first);
  waferSessionDestroy(second);
  waferProgramDestroy(program);
  waferProgramDestroy(same);
  waferOptionsDestroy(options);
  puts("programs and sessions");
}

static WaferError *checkModel(const char *path) {
  size_t size;
  void *model = readFile(path, &size);
  WaferError *error = waferCheckBytes(model, size, "a model", NULL, NULL, NULL);
  free(model);
  return error;
}

/* Every node at fault is named, and so are inputs that must be known; nothing is planned: that takes no time. */
static void checkChecks(const char *relu, const char *tile, const char *refused) {
  require(checkModel(relu), "check");
  WaferError *error = checkModel(tile);
  CHECK(error && !strcmp(waferErrorNode(error, 0), "tile"));
  CHECK(waferErrorInputCount(error, 0) == 1 && !strcmp(waferErrorInput(error, 0, 0), "repeats"));
  waferErrorDestroy(error);
  error = checkModel(refused);
  CHECK(error && waferErrorCount(error) == 2);
  CHECK(waferErrorInputCount(error, 0) == 0);
  CHECK(!strcmp(waferErrorNode(error, 0), "noise") && !strcmp(waferErrorNode(error, 1), "more noise"));
  waferErrorDestroy(error);
  expect(waferCheckBytes("nonsense", 8, "a file", NULL, NULL, NULL), "WF1001", "'a file' is not an ONNX model");
  CHECK(waferHasOperator("", "Relu", 20) && waferHasOperator("", "Gelu", 20) && waferHasOperator("", "If", 20));
  CHECK(waferHasOperator("com.microsoft", "FastGelu", 1) && waferHasOperator("", "HannWindow", 17));
  CHECK(!waferHasOperator("", "RandomNormalLike", 20) && !waferHasOperator("", "Nonsense", 20));
  CHECK(!waferHasOperator("", "Gelu", 19) && !waferHasOperator("nobody", "Relu", 20));
  puts("checks");
}

static void checkDescription(const char *tile) {
  char *json = NULL;
  require(waferDescribeModel(tile, NULL, 0, NULL, &json), "describe");
  CHECK(strstr(json, "{\"name\":\"repeats\",\"type\":7,\"shape\":[2]}"));
  waferTextDestroy(json);
  expect(waferDescribeModel("nonsense", "nonsense", 8, NULL, &json), "WF1001", "'nonsense' is not an ONNX model");
  puts("description");
}

/* The compiler names the input that it must know; with it as a constant the model compiles. */
static void checkConstants(const char *tile) {
  WaferOptions *options = optionsFor("2x2");
  WaferProgram *program = NULL;
  WaferError *error = waferCompileFile(tile, options, NULL, &program);
  CHECK(error && !program);
  CHECK(strstr(waferErrorJson(error), "\"repeats\""));
  CHECK(!strcmp(waferErrorNode(error, 0), "tile"));
  waferErrorDestroy(error);
  int64_t two = 2, repeats[] = {2, 3};
  WaferTensor constant = {"repeats", WAFER_INT64, 1, &two, repeats, sizeof repeats};
  require(waferOptionsSetConstant(options, &constant), "constant");
  require(waferCompileFile(tile, options, NULL, &program), "compile with a constant");
  WaferTensorInfo y = waferProgramOutput(program, 0);
  CHECK(waferProgramInputCount(program) == 1 && y.shape[0] == 4 && y.shape[1] == 6);
  waferProgramDestroy(program);
  waferOptionsDestroy(options);
  puts("constants");
}

static int never(void *user) {
  ++*(int *)user;
  return 1;
}

static void checkCancellation(const char *relu) {
  int asked = 0;
  WaferCallbacks callbacks = {&asked, NULL, never};
  WaferOptions *options = optionsFor("3x2");
  WaferProgram *program = NULL;
  expect(waferCompileFile(relu, options, &callbacks, &program), "WF8010", "cancelled");
  CHECK(asked > 0 && !program);
  waferOptionsDestroy(options);
  puts("cancellation");
}

static void *compileAndRun(void *relu) {
  WaferOptions *options = optionsFor("4x3");
  for (int round = 0; round != 3; ++round) {
    WaferProgram *program;
    WaferSession *session;
    require(waferCompileFile(relu, options, NULL, &program), "compile in a thread");
    require(waferSessionCreate(program, &session), "session in a thread");
    runRelu(session, round);
    waferSessionDestroy(session);
    waferProgramDestroy(program);
  }
  waferOptionsDestroy(options);
  return NULL;
}

static void checkThreads(const char *relu) {
  pthread_t threads[4];
  for (int i = 0; i != 4; ++i)
    CHECK(pthread_create(&threads[i], NULL, compileAndRun, (void *)relu) == 0);
  for (int i = 0; i != 4; ++i)
    CHECK(pthread_join(threads[i], NULL) == 0);
  puts("threads");
}

int main(int argc, char **argv) {
  CHECK(argc == 5);
  CHECK(waferApiVersion() == WAFER_API_VERSION && strlen(waferVersion()) >= 5);
  checkOptions();
  checkProgram(argv[1], argv[4]);
  checkChecks(argv[1], argv[2], argv[3]);
  checkDescription(argv[2]);
  checkConstants(argv[2]);
  checkCancellation(argv[1]);
  checkThreads(argv[1]);
  waferErrorDestroy(NULL), waferProgramDestroy(NULL), waferSessionDestroy(NULL), waferOptionsDestroy(NULL);
  return 0;
}
