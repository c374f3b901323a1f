# Which compilers are refused. Included before anything is compiled; compiler_test.cmake runs it as a
# script.

# g++ 12, Debian 12's default, miscompiles ordinary coroutines: temporaries in a co_await expression
# are destroyed twice (docs/decisions/0001-compiler.md).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "g++ ${CMAKE_CXX_COMPILER_VERSION} miscompiles C++20 coroutines (double free of temporaries in co_await "
    "expressions). Use clang-19: ./dev build does, or configure with --preset release. "
    "See docs/decisions/0001-compiler.md.")
endif()
