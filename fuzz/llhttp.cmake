# llhttp, for comparison only: Debian's node-llhttp carries the C source. Strict, which is not its default.
include_guard(GLOBAL)
add_library(fuzz_llhttp STATIC
  /usr/share/llhttp/api.c /usr/share/llhttp/http.c /usr/share/llhttp/llhttp.c)
target_include_directories(fuzz_llhttp SYSTEM PUBLIC /usr/share/include /usr/share/include/llhttp)
target_compile_definitions(fuzz_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(fuzz_llhttp PRIVATE -w)
