# SPDX-License-Identifier: Apache-2.0
# The core for an RV32IMAC microcontroller, with Debian's cross compiler and picolibc's headers.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv32)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_C_FLAGS_INIT "--specs=picolibc.specs -march=rv32imac -mabi=ilp32 -ffunction-sections -fdata-sections -fstack-usage")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
