# SPDX-License-Identifier: Apache-2.0
# An OTA image at the end of every build.
#
#   include(TandemOtaImage)
#   tandem_add_ota_image(TARGET name RCP_BUILD_DIR dir [BR_FIRMWARE file] OUTPUT file [DEPENDS target...])
#
# Adds the target `name` to what is always built. It packs the RCP build directory, and the host firmware, into OUTPUT
# with `tandem image create`. Relative paths: inputs below the source directory, OUTPUT below the build directory.
# DEPENDS names the targets that build the inputs. BR_FIRMWARE may be a generator expression.
#
# The target runs in every build and packs only when an input's contents have changed: flash_args, the files it names,
# rcp_version, the host firmware, the program itself. That is decided after DEPENDS has run, and by contents, so that
# neither an RCP project built in the same run nor an older file put in place of a newer one is missed.
#
# The program: the target `tandem` if the build has one, else the variable TANDEM_EXECUTABLE, looked for in PATH.
# This file needs no other file of Tandem's; CMake 3.22.

# ---- at build time: cmake -D PROGRAM= -D RCP_BUILD_DIR= -D BR_FIRMWARE= -D OUTPUT= -D STAMP= -P TandemOtaImage.cmake
if(CMAKE_SCRIPT_MODE_FILE AND CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    set(inputs "${PROGRAM}" "${RCP_BUILD_DIR}/flash_args" "${RCP_BUILD_DIR}/rcp_version")
    if(BR_FIRMWARE)
        list(APPEND inputs "${BR_FIRMWARE}")
    endif()
    if(EXISTS "${RCP_BUILD_DIR}/flash_args")
        file(STRINGS "${RCP_BUILD_DIR}/flash_args" lines)
        foreach(line IN LISTS lines)
            if(line MATCHES "^[ \t]*(0[xX])?[0-9a-fA-F]+[ \t]+([^ \t\r]+)")
                list(APPEND inputs "${RCP_BUILD_DIR}/${CMAKE_MATCH_2}")
            endif()
        endforeach()
    endif()

    set(state "${OUTPUT}\n")
    foreach(input IN LISTS inputs)
        set(digest missing)
        if(EXISTS "${input}" AND NOT IS_DIRECTORY "${input}")
            file(SHA256 "${input}" digest)
        endif()
        string(APPEND state "${digest} ${input}\n")
    endforeach()
    set(packed "")
    if(EXISTS "${STAMP}" AND EXISTS "${OUTPUT}")
        file(READ "${STAMP}" packed)
    endif()
    if(packed STREQUAL state)
        return()
    endif()

    # What cannot be packed leaves no image behind that somebody could take for the new one.
    file(REMOVE "${OUTPUT}" "${STAMP}")
    set(host "")
    if(BR_FIRMWARE)
        set(host --br-firmware "${BR_FIRMWARE}")
    endif()
    execute_process(COMMAND "${PROGRAM}" image create --rcp-build-dir "${RCP_BUILD_DIR}" ${host}
                            --target-file "${OUTPUT}" RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${OUTPUT} was not made")
    endif()
    file(WRITE "${STAMP}" "${state}")
    return()
endif()

# ---- at configure time

set(TANDEM_OTA_IMAGE_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(tandem_add_ota_image)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;RCP_BUILD_DIR;BR_FIRMWARE;OUTPUT" "DEPENDS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "tandem_add_ota_image: unknown words: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    foreach(word TARGET RCP_BUILD_DIR OUTPUT)
        if(NOT arg_${word})
            message(FATAL_ERROR "tandem_add_ota_image: ${word} is missing")
        endif()
    endforeach()

    if(TARGET tandem)
        set(program "$<TARGET_FILE:tandem>")
        list(APPEND arg_DEPENDS tandem)
    else()
        find_program(TANDEM_EXECUTABLE tandem DOC "Program that packs OTA images" REQUIRED)
        set(program "${TANDEM_EXECUTABLE}")
    endif()

    get_filename_component(rcp_dir "${arg_RCP_BUILD_DIR}" ABSOLUTE)
    get_filename_component(output "${arg_OUTPUT}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
    set(host "${arg_BR_FIRMWARE}")
    if(host AND NOT host MATCHES "^\\$<")
        get_filename_component(host "${host}" ABSOLUTE)
    endif()

    add_custom_target(${arg_TARGET} ALL
        COMMAND "${CMAKE_COMMAND}" -D "PROGRAM=${program}" -D "RCP_BUILD_DIR=${rcp_dir}" -D "BR_FIRMWARE=${host}"
                -D "OUTPUT=${output}" -D "STAMP=${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}.inputs"
                -P "${TANDEM_OTA_IMAGE_SCRIPT}"
        BYPRODUCTS "${output}"
        COMMENT "OTA image ${arg_OUTPUT}"
        VERBATIM)
    if(arg_DEPENDS)
        add_dependencies(${arg_TARGET} ${arg_DEPENDS})
    endif()
endfunction()
