include(${CMAKE_CURRENT_LIST_DIR}/llhttp.cmake)
target_link_libraries(answer_framing_fuzz PRIVATE fuzz_llhttp)
