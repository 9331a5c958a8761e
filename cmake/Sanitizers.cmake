# Builds with sanitizers (make sanitize) and for libFuzzer (make fuzz). Only this repository is instrumented: LLVM, MLIR,
# ONNX and protobuf are as they are for every other build.
set(WAFER_SANITIZE "" CACHE STRING "sanitizers, separated by commas: address,undefined")
option(WAFER_FUZZ "link the targets of test/fuzz with libFuzzer" OFF)

add_library(WaferSanitizer INTERFACE) # what every executable links
if(WAFER_SANITIZE)
  # -U NDEBUG: our assertions, and those in LLVM's headers, hold; casts to a wrong class would be silent otherwise.
  # _GLIBCXX_ASSERTIONS: a vector's subscript beyond its size but within its capacity is nothing to ASan.
  # no-sanitize=vptr: the check wants RTTI, which LLVM's classes do not have.
  # no-sanitize-recover: a finding ends the process, so that the test that made it fails.
  set(_flags -fsanitize=${WAFER_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(-O1 -gline-tables-only -UNDEBUG -D_GLIBCXX_ASSERTIONS ${_flags})
  add_link_options(${_flags})
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${CMAKE_SOURCE_DIR}/cmake/SanitizerPrelude.h>")
  target_sources(WaferSanitizer INTERFACE ${CMAKE_SOURCE_DIR}/cmake/SanitizerOptions.cpp)
endif()
if(WAFER_FUZZ)
  # Without a record of comparisons: the targets' own mutators know the formats, and an input takes a third less time.
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
