# Two kinds of library. wafer_add_library makes one that knows nothing of LLVM (what wafer-run links);
# wafer_add_mlir_library makes one on top of MLIR's shared library, with the precompiled header that cuts a file's
# compile time from 11 s to 3 s.

function(wafer_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/include)
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS})
endfunction()

# Headers of MLIR and LLVM are system headers: their warnings are not ours.
function(wafer_use_mlir name)
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/include)
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
  target_compile_definitions(${name} PRIVATE ${LLVM_DEFINITIONS_LIST})
endfunction()

set(_wafer_pch_source ${CMAKE_BINARY_DIR}/WaferPch.cpp)
file(CONFIGURE OUTPUT ${_wafer_pch_source} CONTENT "// The precompiled header's host.\n")
add_library(WaferPch OBJECT ${_wafer_pch_source})
wafer_use_mlir(WaferPch)
target_precompile_headers(WaferPch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/WaferPch.h)

# DEPENDS names tablegen targets whose headers the sources include.
function(wafer_add_mlir_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "LINK_LIBS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  wafer_use_mlir(${name})
  if(NOT ARG_NO_PCH)
    target_precompile_headers(${name} REUSE_FROM WaferPch)
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS} MLIR LLVM)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# Tablegen of one dialect: <Name>Dialect.td (dialect, attributes, types, enums) and <Name>Ops.td in the current folder.
# Defines the target Wafer<Name>IncGen and the reference page docs/dialects/<Name>.md in the build tree.
function(wafer_add_dialect name namespace)
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  mlir_tablegen(${name}Dialect.h.inc -gen-dialect-decls -dialect=${namespace})
  mlir_tablegen(${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${namespace})
  mlir_tablegen(${name}Ops.h.inc -gen-op-decls)
  mlir_tablegen(${name}Ops.cpp.inc -gen-op-defs)
  mlir_tablegen(${name}Types.h.inc -gen-typedef-decls -typedefs-dialect=${namespace})
  mlir_tablegen(${name}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${namespace})
  mlir_tablegen(${name}Attrs.h.inc -gen-attrdef-decls -attrdefs-dialect=${namespace})
  mlir_tablegen(${name}Attrs.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${namespace})
  mlir_tablegen(${name}Enums.h.inc -gen-enum-decls)
  mlir_tablegen(${name}Enums.cpp.inc -gen-enum-defs)
  add_public_tablegen_target(Wafer${name}IncGen)
  add_mlir_doc(${name}Ops ${name} dialects/ -gen-dialect-doc -dialect=${namespace})
endfunction()

# Tablegen of a Passes.td in the current folder; the pass group is called <group>.
function(wafer_add_passes group)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name ${group})
  add_public_tablegen_target(Wafer${group}PassIncGen)
  add_mlir_doc(Passes ${group}Passes passes/ -gen-pass-doc)
endfunction()

# A tool without LLVM.
function(wafer_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} CLI11::CLI11 WaferSanitizer)
endfunction()

# A tool on MLIR. Executables are not compiled as position-independent code for libraries, so they can't share the
# precompiled header: keep them thin.
function(wafer_add_mlir_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  wafer_use_mlir(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} MLIR LLVM WaferSanitizer)
endfunction()
