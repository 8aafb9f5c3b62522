# SPDX-License-Identifier: Apache-2.0
# The core for an Arm Cortex-M4, with Debian's cross compiler and picolibc's headers.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_C_FLAGS_INIT "--specs=picolibc.specs -mcpu=cortex-m4 -mthumb -ffunction-sections -fdata-sections -fstack-usage")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
