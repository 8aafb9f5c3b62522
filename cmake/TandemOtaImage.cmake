# SPDX-License-Identifier: Apache-2.0
# An OTA image at the end of every build.
#
#   include(TandemOtaImage)
#   tandem_add_ota_image(TARGET name [RCP_BUILD_DIR dir] [BR_FIRMWARE file] OUTPUT file [DEPENDS target...]
#                        [COMPATIBLE vendor,board PAIR_VERSION x.y.z COUNTER n RADIO_API api:least HOST_API api:least
#                         [ISSUED time] [EXPIRES time] [CELLS n] [LABEL text] [NOTES_URL url] [LEAST_FLASH size]
#                         [RADIO_REVISION min:max] [HOST_KIND kind] [HOST_CHIP chip] [HOST_REVISION min:max]
#                         [SIGN key...]])
#
# Adds the target `name` to what is always built. It packs the RCP build directory, the host firmware, or both, into
# OUTPUT with `tandem image create`. The words from COMPATIBLE on are its options (docs/CLI.md, "What an image states");
# without them the image is plain. Relative paths: inputs and keys below the source directory, OUTPUT below the build
# directory. DEPENDS names the targets that build the inputs. BR_FIRMWARE may be a generator expression.
# Release keys rarely belong on a build machine: leave SIGN out there, and use `tandem image sign` where the keys are.
#
# The target runs in every build and packs only when an input's contents have changed: flash_args, the files it names,
# rcp_version, the host firmware, keys in files, the options, SOURCE_DATE_EPOCH, the program itself. That is decided
# after DEPENDS has run, and by contents, so that neither an RCP project built in the same run nor an older file put in
# place of a newer one is missed.
#
# The program: the target `tandem` if the build has one, else the variable TANDEM_EXECUTABLE, looked for in PATH.
# This file needs no other file of Tandem's; CMake 3.22.

# ---- at build time, with -D PROGRAM= RCP_BUILD_DIR= BR_FIRMWARE= OUTPUT= STAMP= OPTIONS= KEYS=, and -P this file
if(CMAKE_SCRIPT_MODE_FILE AND CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    set(inputs "${PROGRAM}" ${KEYS})
    set(parts "")
    if(RCP_BUILD_DIR)
        list(APPEND inputs "${RCP_BUILD_DIR}/flash_args" "${RCP_BUILD_DIR}/rcp_version")
        list(APPEND parts --rcp-build-dir "${RCP_BUILD_DIR}")
    endif()
    if(BR_FIRMWARE)
        list(APPEND inputs "${BR_FIRMWARE}")
        list(APPEND parts --br-firmware "${BR_FIRMWARE}")
    endif()
    if(RCP_BUILD_DIR AND EXISTS "${RCP_BUILD_DIR}/flash_args")
        file(STRINGS "${RCP_BUILD_DIR}/flash_args" lines)
        foreach(line IN LISTS lines)
            if(line MATCHES "^[ \t]*(0[xX])?[0-9a-fA-F]+[ \t]+([^ \t\r]+)")
                list(APPEND inputs "${RCP_BUILD_DIR}/${CMAKE_MATCH_2}")
            endif()
        endforeach()
    endif()

    set(state "${OUTPUT}\n${OPTIONS}\n$ENV{SOURCE_DATE_EPOCH}\n")
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
    foreach(key IN LISTS KEYS)
        list(APPEND OPTIONS --sign "${key}")
    endforeach()
    execute_process(COMMAND "${PROGRAM}" image create ${parts} --target-file "${OUTPUT}" ${OPTIONS}
                    RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${OUTPUT} was not made")
    endif()
    file(WRITE "${STAMP}" "${state}")
    return()
endif()

# ---- at configure time

set(TANDEM_OTA_IMAGE_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

# "--pair-version;1.4.0;..." of the words that were given: each option is its word in small letters.
function(tandem_ota_image_options out)
    set(options "")
    foreach(word IN LISTS ARGN)
        if(DEFINED arg_${word})
            string(TOLOWER "--${word}" name)
            string(REPLACE "_" "-" name "${name}")
            list(APPEND options "${name}" "${arg_${word}}")
        endif()
    endforeach()
    set(${out} "${options}" PARENT_SCOPE)
endfunction()

function(tandem_add_ota_image)
    set(stated COMPATIBLE PAIR_VERSION COUNTER RADIO_API HOST_API ISSUED EXPIRES CELLS LABEL NOTES_URL LEAST_FLASH
               RADIO_REVISION HOST_KIND HOST_CHIP HOST_REVISION)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;RCP_BUILD_DIR;BR_FIRMWARE;OUTPUT;${stated}" "DEPENDS;SIGN")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "tandem_add_ota_image: unknown words: ${arg_UNPARSED_ARGUMENTS}")
    endif()
    foreach(word TARGET OUTPUT)
        if(NOT arg_${word})
            message(FATAL_ERROR "tandem_add_ota_image: ${word} is missing")
        endif()
    endforeach()
    if(NOT arg_RCP_BUILD_DIR AND NOT arg_BR_FIRMWARE)
        message(FATAL_ERROR "tandem_add_ota_image: RCP_BUILD_DIR or BR_FIRMWARE is missing")
    endif()
    tandem_ota_image_options(options ${stated})
    set(keys "")
    foreach(key IN LISTS arg_SIGN)
        if(NOT key MATCHES "^pkcs11:")
            get_filename_component(key "${key}" ABSOLUTE)
        endif()
        list(APPEND keys "${key}")
    endforeach()

    if(TARGET tandem)
        set(program "$<TARGET_FILE:tandem>")
        list(APPEND arg_DEPENDS tandem)
    else()
        find_program(TANDEM_EXECUTABLE tandem DOC "Program that packs OTA images" REQUIRED)
        set(program "${TANDEM_EXECUTABLE}")
    endif()

    set(rcp_dir "${arg_RCP_BUILD_DIR}")
    if(rcp_dir)
        get_filename_component(rcp_dir "${rcp_dir}" ABSOLUTE)
    endif()
    get_filename_component(output "${arg_OUTPUT}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
    set(host "${arg_BR_FIRMWARE}")
    if(host AND NOT host MATCHES "^\\$<")
        get_filename_component(host "${host}" ABSOLUTE)
    endif()

    add_custom_target(${arg_TARGET} ALL
        COMMAND "${CMAKE_COMMAND}" -D "PROGRAM=${program}" -D "RCP_BUILD_DIR=${rcp_dir}" -D "BR_FIRMWARE=${host}"
                -D "OUTPUT=${output}" -D "OPTIONS=${options}" -D "KEYS=${keys}" -D "STAMP=${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}.inputs"
                -P "${TANDEM_OTA_IMAGE_SCRIPT}"
        BYPRODUCTS "${output}"
        COMMENT "OTA image ${arg_OUTPUT}"
        VERBATIM)
    if(arg_DEPENDS)
        add_dependencies(${arg_TARGET} ${arg_DEPENDS})
    endif()
endfunction()
