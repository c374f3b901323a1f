# cmake -P compiler_test.cmake: which compilers compiler.cmake refuses, and that it says why.

function(ask id version)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -DCMAKE_CXX_COMPILER_ID=${id} -DCMAKE_CXX_COMPILER_VERSION=${version}
      -P ${CMAKE_CURRENT_LIST_DIR}/compiler.cmake
    RESULT_VARIABLE refused
    ERROR_VARIABLE said
    OUTPUT_QUIET)
  set(refused ${refused} PARENT_SCOPE)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  set(said "${said}" PARENT_SCOPE)
endfunction()

foreach(version 11.4.0 12.2.0 12.3.1)
  ask(GNU ${version})
  if(refused EQUAL 0)
    message(FATAL_ERROR "g++ ${version} is accepted")
  endif()
  foreach(words "g\\+\\+ ${version} miscompiles" "clang-19" "docs/decisions/0001-compiler.md")
    if(NOT said MATCHES "${words}")
      message(FATAL_ERROR "g++ ${version} is refused without saying ${words}: ${said}")
    endif()
  endforeach()
endforeach()

foreach(compiler "GNU;13.1.0" "GNU;14.2.0" "Clang;19.1.7" "Clang;12.0.0")
  list(GET compiler 0 id)
  list(GET compiler 1 version)
  ask(${id} ${version})
  if(NOT refused EQUAL 0)
    message(FATAL_ERROR "${id} ${version} is refused: ${said}")
  endif()
endforeach()
