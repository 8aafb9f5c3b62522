# SPDX-License-Identifier: Apache-2.0
# find_package(tandem): the target tandem::core, and tandem_add_ota_image() after include(TandemOtaImage).
include(${CMAKE_CURRENT_LIST_DIR}/tandem-targets.cmake)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
