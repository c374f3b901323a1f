# llhttp, for comparison only: Debian's node-llhttp carries the C source.
add_library(fuzz_llhttp STATIC
  /usr/share/llhttp/api.c /usr/share/llhttp/http.c /usr/share/llhttp/llhttp.c)
target_include_directories(fuzz_llhttp SYSTEM PUBLIC /usr/share/include /usr/share/include/llhttp)
target_compile_options(fuzz_llhttp PRIVATE -w)
target_link_libraries(request_framing_fuzz PRIVATE fuzz_llhttp)
