# How Farshore's targets are made: one library per folder, unit tests beside the code, one
# precompiled header for plain C++ and one for the network libraries.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(FARSHORE_ASAN "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(FARSHORE_TSAN "Build with ThreadSanitizer" OFF)

add_library(farshore_options INTERFACE)
target_include_directories(farshore_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(farshore_options INTERFACE -fPIE)
target_compile_options(farshore_options INTERFACE $<$<NOT:$<COMPILE_LANGUAGE:ASM>>:
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wswitch-enum
  -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -Wno-c99-designator -Wno-missing-field-initializers -Wno-missing-designated-field-initializers
  -fstack-protector-strong>)
target_compile_definitions(farshore_options INTERFACE
  _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_options(farshore_options INTERFACE -fuse-ld=lld -pie)
target_link_libraries(farshore_options INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # Lets ccache reuse objects across precompiled headers built at different times.
  target_compile_options(farshore_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()
if(FARSHORE_ASAN)
  target_compile_options(farshore_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(farshore_options INTERFACE -fsanitize=address,undefined)
endif()
if(FARSHORE_TSAN)
  target_compile_options(farshore_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(farshore_options INTERFACE -fsanitize=thread)
endif()
# What an instrumented program may take is no measure of anything.
set(farshore_test_timeout 1200)
if(FARSHORE_ASAN OR FARSHORE_TSAN)
  set(farshore_test_timeout 3600)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT FARSHORE_ASAN AND NOT FARSHORE_TSAN)
  target_compile_options(farshore_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

set(farshore_std_headers
  <algorithm> <array> <chrono> <cstdint> <expected> <functional> <map> <memory> <optional> <span>
  <string> <string_view> <unordered_map> <utility> <variant> <vector>)
set(farshore_net_headers
  ${farshore_std_headers}
  <boost/asio.hpp> <boost/asio/experimental/awaitable_operators.hpp> <boost/json.hpp> <fmt/format.h>)

function(farshore_precompiled_headers)
  file(WRITE ${CMAKE_BINARY_DIR}/pch.cc.in "// Carries a precompiled header.\n")
  foreach(kind std net)
    configure_file(${CMAKE_BINARY_DIR}/pch.cc.in ${CMAKE_BINARY_DIR}/pch_${kind}.cc COPYONLY)
    add_library(farshore_pch_${kind} STATIC ${CMAKE_BINARY_DIR}/pch_${kind}.cc)
    target_link_libraries(farshore_pch_${kind} PRIVATE farshore_options)
    target_precompile_headers(farshore_pch_${kind} PRIVATE ${farshore_${kind}_headers})
  endforeach()
  target_link_libraries(farshore_pch_net PRIVATE fmt::fmt Boost::json)
endfunction()

function(_farshore_compile_like target is_net)
  if(is_net)
    target_precompile_headers(${target} REUSE_FROM farshore_pch_net)
    target_link_libraries(${target} PRIVATE fmt::fmt Boost::json)
  else()
    target_precompile_headers(${target} REUSE_FROM farshore_pch_std)
  endif()
endfunction()

# farshore_planted(<module> <sources...>)
# Compiles the module's sources that ask for planted bugs (core/planted.h) once more, with the switch
# that the simulator sets. What links <module>_planted in front of <module> gets these objects in the
# place of the product's; no other program may link it.
function(farshore_planted module)
  list(TRANSFORM ARGN PREPEND ${CMAKE_SOURCE_DIR}/src/${module}/ OUTPUT_VARIABLE sources)
  add_library(farshore_${module}_planted STATIC ${sources})
  target_link_libraries(farshore_${module}_planted PUBLIC farshore_options farshore_${module})
  target_compile_definitions(farshore_${module}_planted PRIVATE FARSHORE_PLANTED_BUGS)
  _farshore_compile_like(farshore_${module}_planted "")
endfunction()

# farshore_module(<folder below src> [NET] [DEPS folders...] [LIBS targets...] [PLANTS modules...])
# PLANTS: its unit tests plant bugs in those modules. The module itself cannot.
# Sources: *.cc of the folder and its subfolders that are no module of their own; main.cc and
# *_test.cc stay out. Unit tests (*_test.cc) become one program, <module>_test.
function(farshore_module folder)
  cmake_parse_arguments(ARG "NET" "" "DEPS;LIBS;PLANTS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc ${CMAKE_SOURCE_DIR}/src/${folder}/*.S)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  # An embedded page (.incbin) is seen by neither the compiler nor ninja.
  file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.html)
  foreach(source ${sources})
    if(source MATCHES "\\.S$")
      set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${pages}" COMPILE_OPTIONS "-I${CMAKE_SOURCE_DIR}/src")
    endif()
  endforeach()
  set(libraries "")
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep_name ${dep})
    list(APPEND libraries farshore_${dep_name})
  endforeach()
  if(sources)
    add_library(farshore_${name} STATIC ${sources})
    target_link_libraries(farshore_${name} PUBLIC farshore_options ${libraries} ${ARG_LIBS})
    _farshore_compile_like(farshore_${name} ${ARG_NET})
  else()
    add_library(farshore_${name} INTERFACE)
    target_link_libraries(farshore_${name} INTERFACE farshore_options ${libraries} ${ARG_LIBS})
  endif()
  if(tests)
    _farshore_plants(plants ${ARG_PLANTS})
    _farshore_test_program(${name}_test ${ARG_NET} "${tests}" ${plants} farshore_${name})
    if(plants)
      target_compile_definitions(${name}_test PRIVATE FARSHORE_PLANTED_BUGS)
    endif()
  endif()
endfunction()

# The libraries that stand in front of those of the modules in a program that plants bugs in them.
function(_farshore_plants result)
  list(TRANSFORM ARGN REPLACE "(.+)" "farshore_\\1_planted")
  set(${result} ${ARGN} PARENT_SCOPE)
endfunction()

function(_farshore_test_program target is_net sources)
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE ${ARGN} farshore_options GTest::gtest_main GTest::gmock)
  target_compile_definitions(${target} PRIVATE FARSHORE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # The tests' own code need not be fast, and it is a third of what there is to compile.
  target_compile_options(${target} PRIVATE -O1)
  _farshore_compile_like(${target} ${is_net})
  # The tests of one folder run as one ctest entry: starting a process per case costs more than the cases.
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
  set_tests_properties(${target} PROPERTIES TIMEOUT ${farshore_test_timeout})
endfunction()

# farshore_program(<name> <module> [PLANTS modules...] [LIBS targets...]): src/<module>/main.cc linked
# with the module. PLANTS: the program plants bugs in those modules.
function(farshore_program program module)
  cmake_parse_arguments(ARG "" "" "PLANTS;LIBS" ${ARGN})
  set(main ${CMAKE_SOURCE_DIR}/src/${module}/main.cc)
  if(EXISTS ${main})
    add_executable(${program} ${main})
    _farshore_plants(plants ${ARG_PLANTS})
    target_link_libraries(${program} PRIVATE ${plants} farshore_${module} farshore_options ${ARG_LIBS})
    if(plants)
      target_compile_definitions(${program} PRIVATE FARSHORE_PLANTED_BUGS)
    endif()
    _farshore_compile_like(${program} ON)
  endif()
endfunction()

# test/<name>/*_test.cc: tests across modules, one program per folder; test/<name>/modules.cmake names
# the modules it links, as set(modules ...).
function(farshore_cross_tests folder)
  file(GLOB lists CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*/modules.cmake)
  foreach(list_file ${lists})
    get_filename_component(dir ${list_file} DIRECTORY)
    get_filename_component(name ${dir} NAME)
    set(programs "")
    set(definitions "")
    include(${list_file})
    file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
    if(NOT sources)  # its tests are in Python
      continue()
    endif()
    set(libraries "")
    foreach(module ${modules})
      string(REPLACE "/" "_" module_name ${module})
      list(APPEND libraries farshore_${module_name})
    endforeach()
    _farshore_test_program(${name}_cross_test ON "${sources}" ${libraries})
    target_compile_definitions(${name}_cross_test PRIVATE ${definitions})
    if(programs)
      add_dependencies(${name}_cross_test ${programs})
    endif()
    target_include_directories(${name}_cross_test PRIVATE ${CMAKE_SOURCE_DIR}/test)
  endforeach()
endfunction()

# bench/<name>/*.cc: a benchmark across modules, one program per folder, farshore-bench-<name>;
# bench/<name>/modules.cmake names the modules that it links, as set(modules ...), and the programs
# that it starts, as set(programs ...).
function(farshore_benchmarks folder)
  file(GLOB lists CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*/modules.cmake)
  foreach(list_file ${lists})
    get_filename_component(dir ${list_file} DIRECTORY)
    get_filename_component(name ${dir} NAME)
    set(programs "")
    include(${list_file})
    file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cc)
    set(program farshore-bench-${name})
    add_executable(${program} ${sources})
    foreach(module ${modules})
      string(REPLACE "/" "_" module_name ${module})
      target_link_libraries(${program} PRIVATE farshore_${module_name})
    endforeach()
    target_link_libraries(${program} PRIVATE farshore_options CLI11::CLI11)
    target_include_directories(${program} PRIVATE ${CMAKE_SOURCE_DIR})
    _farshore_compile_like(${program} ON)
    if(programs)
      add_dependencies(${program} ${programs})
    endif()
  endforeach()
endfunction()

# fuzz/<name>_fuzz.cc: a libFuzzer target each (clang), linked with the modules named in its first line
# as "// modules: a b". Built only with FARSHORE_FUZZ, which instruments everything.
option(FARSHORE_FUZZ "Build the fuzz targets" OFF)
function(farshore_fuzz_targets folder)
  if(NOT FARSHORE_FUZZ)
    return()
  endif()
  target_compile_options(farshore_options INTERFACE -fsanitize=fuzzer-no-link)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*_fuzz.cc)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    file(STRINGS ${source} first_line LIMIT_COUNT 1)
    string(REGEX REPLACE "^// modules: *" "" modules "${first_line}")
    separate_arguments(modules)
    add_executable(${name} ${source})
    foreach(module ${modules})
      string(REPLACE "/" "_" module_name ${module})
      target_link_libraries(${name} PRIVATE farshore_${module_name})
    endforeach()
    target_link_libraries(${name} PRIVATE farshore_options)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    # What only this target needs, such as another program's parser to compare with.
    include(${CMAKE_SOURCE_DIR}/${folder}/${name}.cmake OPTIONAL)
  endforeach()
endfunction()
