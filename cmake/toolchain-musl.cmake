# SPDX-License-Identifier: Apache-2.0
# The whole program with another C library's headers, musl's, as OpenWrt and Alpine have it: Debian's musl-gcc, and for the
# libraries that we use the headers that are installed. What comes out is not to be run.
execute_process(COMMAND gcc -print-multiarch OUTPUT_VARIABLE multiarch OUTPUT_STRIP_TRAILING_WHITESPACE)
set(CMAKE_C_COMPILER musl-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${multiarch})
set(CMAKE_C_FLAGS_INIT "-idirafter /usr/include -idirafter /usr/include/${multiarch}")
