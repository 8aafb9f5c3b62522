/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_parts.h"

#include <string.h>

#define MAGIC_REG 0x40001000u
/* eFuse block 1, word 3: bits 18.. are the minor revision. */
#define EFUSE_MINOR(n) ((uint32_t)(n) << 18)

static const struct sim_part parts[] = {
    {.name = "esp32h2",
     .id = 16,
     .rom = "ESP-ROM:esp32h2-20221101",
     .build = "Build:Nov  1 2022",
     .boot_loader = 0x4,
     .boot_loader_text = "DOWNLOAD(USB/UART0)",
     .wait_text = "waiting for download",
     .boot_flash = 0xc,
     .boot_flash_text = "SPI_FAST_FLASH_BOOT",
     .causes = {{1, "POWERON", 112}, {3, "LP_SW_HPSYS", 114}, {7, "TG0_WDT_HPSYS", 120}},
     .spi_base = 0x60003000,
     .efuse_mac = 0x600b0844,
     .has_eui64 = true,
     .flash_maker = 0xc8,
     .flash_type = 0x40,
     .regs = {{MAGIC_REG, 0xd7b73e80}, {0x600b0850, EFUSE_MINOR(1)}}},
    {.name = "esp32c6",
     .id = 13,
     .rom = "ESP-ROM:esp32c6-20220919",
     .build = "Build:Sep 19 2022",
     .boot_loader = 0x4,
     .boot_loader_text = "DOWNLOAD(USB/UART0/SDIO_FEI_FEO)",
     .wait_text = "waiting for download",
     .boot_flash = 0xc,
     .boot_flash_text = "SPI_FAST_FLASH_BOOT",
     .causes = {{1, "POWERON", 112}, {3, "LP_SW_HPSYS", 114}, {7, "TG0_WDT_HPSYS", 120}},
     .spi_base = 0x60003000,
     .efuse_mac = 0x600b0844,
     .has_eui64 = true,
     .flash_maker = 0x20,
     .flash_type = 0x40,
     .regs = {{MAGIC_REG, 0x2ce0806f}, {0x600b0850, EFUSE_MINOR(1)}}},
    {.name = "esp32c3",
     .id = 5,
     .rom = "ESP-ROM:esp32c3-api1-20210207",
     .build = "Build:Feb  7 2021",
     .boot_loader = 0x2,
     .boot_loader_text = "UART0_BOOT",
     .wait_text = "wait uart0 download",
     .boot_flash = 0x8,
     .boot_flash_text = "SPI_FAST_FLASH_BOOT",
     .causes = {{1, "POWERON", 112}, {3, "RTC_SW_SYS_RST", 114}, {7, "TG0WDT_SYS_RST", 120}},
     .spi_base = 0x60002000,
     .efuse_mac = 0x60008844,
     .eco = 3,
     .last_key_purpose = 0x0c,
     .flash_maker = 0x20,
     .flash_type = 0x40,
     .regs = {{MAGIC_REG, 0x1b31506f}, {0x60008850, EFUSE_MINOR(3)}}},
};

const struct sim_part *sim_part_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(parts[i].name, name) == 0)
            return &parts[i];
    return NULL;
}
