# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where. Components: router (the program, its service, an example of its configuration),
# simulator, development (the core library for programs of your own, and the function that makes OTA images).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(TANDEM_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/tandem)
install(TARGETS tandem_core EXPORT tandem-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY include/tandem DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(EXPORT tandem-targets NAMESPACE tandem:: DESTINATION ${TANDEM_CMAKE_DIR} COMPONENT development)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/tandem-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/tandem-config.cmake cmake/TandemOtaImage.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/tandem-config-version.cmake DESTINATION ${TANDEM_CMAKE_DIR} COMPONENT development)
file(RELATIVE_PATH TANDEM_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/tandem.pc.in tandem.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tandem.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

if(NOT TANDEM_CORE_ONLY)
    install(TARGETS tandem RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT router)
    install(FILES packaging/tandem.conf DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT router)
    install(FILES packaging/systemd/tandem-boot.service DESTINATION lib/systemd/system COMPONENT router)
    install(TARGETS tandem-sim tandem-sim-loader RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT simulator)
endif()
