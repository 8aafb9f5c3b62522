# SPDX-License-Identifier: Apache-2.0
"""Generated C that compiles to machine code of the size and texture of real firmware.

One module is one C file: a state struct, constant tables, log strings and functions that compute, loop, branch,
call each other and touch peripheral registers. The same seed gives the same text. The code is compiled and linked
but never run; what counts is that it is as compressible as real firmware, and that two versions share most of it.
"""

import random

FUNCTIONS_PER_MODULE = 19
WORDS = ("radio frame retry timer queue channel security counter address window slot event buffer beacon ack "
         "energy scan source match pending transmit receive vendor property stream reset driver clock sleep").split()
OPERATORS = ("+", "-", "^", "|", "&", "*")


class Module:
    def __init__(self, name: str, seed: str, callees: list[str]):
        self.name = name
        self.rng = random.Random(f"tandem sample firmware/{seed}")
        self.callees = list(callees)
        self.functions: list[str] = []
        self.lines: list[str] = []

    def text(self) -> str:
        """The whole C file."""
        self.lines = ["#include <stdint.h>", ""]
        self.lines += [f"uint32_t {callee}(uint32_t a, uint32_t b);" for callee in self.callees]
        self._data()
        for index in range(FUNCTIONS_PER_MODULE):
            self._function(index)
        return "\n".join(self.lines) + "\n"

    def _data(self) -> None:
        table = ", ".join(f"0x{self.rng.getrandbits(32):08x}u" for _ in range(120))
        self.lines += [
            f"struct {self.name}_state {{ uint32_t count[16]; uint16_t level[16]; uint8_t flag[32]; }};",
            f"struct {self.name}_state {self.name}_now;",
            f"const uint32_t {self.name}_table[120] = {{{table}}};",
            f"void {self.name}_log(const char *text, uint32_t value);",
            f"void {self.name}_log(const char *text, uint32_t value)",
            "{",
            f"    for (; *text != 0; text++) *(volatile uint32_t *)0x{self._register():08x} = (uint8_t)*text ^ value;",
            "}",
        ]

    def _register(self) -> int:
        return 0x60000000 + self.rng.randrange(0, 0x40) * 0x1000 + self.rng.randrange(0, 64) * 4

    def _function(self, index: int) -> None:
        name = f"{self.name}_{WORDS[index % len(WORDS)]}_{index}"
        self.lines += [f"uint32_t {name}(uint32_t a, uint32_t b);", f"uint32_t {name}(uint32_t a, uint32_t b)",
                       "{", f"    struct {self.name}_state *s = &{self.name}_now;", "    uint32_t x = a, y = b;"]
        for _ in range(self.rng.randrange(5, 12)):
            self.lines += ["    " + line for line in self._statement()]
        self.lines += ["    return x ^ y;", "}"]
        self.functions.append(name)

    def _statement(self) -> list[str]:
        kinds = (self._compute, self._compute, self._store, self._branch, self._loop, self._call, self._call,
                 self._poke, self._select, self._report)
        return self.rng.choice(kinds)()

    def _constant(self) -> str:
        r = self.rng
        return f"{r.choice((r.randrange(1, 16), r.randrange(1, 2048), r.getrandbits(32)))}u"

    def _compute(self) -> list[str]:
        r = self.rng
        return [f"x = (x {r.choice(OPERATORS)} {self._constant()}) {r.choice(OPERATORS)} (y >> {r.randrange(1, 24)});",
                f"y = y {r.choice(OPERATORS)} {self.name}_table[x % {r.randrange(17, 120)}u];"]

    def _store(self) -> list[str]:
        r = self.rng
        return [f"s->count[{r.randrange(16)}] += x {r.choice(OPERATORS)} {self._constant()};",
                f"s->flag[{r.randrange(32)}] = (uint8_t)(y >> {r.randrange(24)});"]

    def _branch(self) -> list[str]:
        r = self.rng
        return [f"if ((x & {self._constant()}) {r.choice(('==', '>', '<', '!='))} s->level[{r.randrange(16)}]) {{",
                *("    " + line for line in self._store()), "} else {",
                *("    " + line for line in self._compute()), "}"]

    def _loop(self) -> list[str]:
        r = self.rng
        return [f"for (uint32_t i = 0; i < (y & {r.choice((3, 7, 15, 31))}u); i++)",
                f"    x = (x << {r.randrange(1, 8)}) ^ s->flag[(i + {r.randrange(32)}u) & 31u] ^ {self._constant()};"]

    def _call(self) -> list[str]:
        known = self.callees + self.functions
        if not known:
            return self._compute()
        return [f"x {self.rng.choice(('^=', '+='))} {self.rng.choice(known)}(y, {self._constant()});"]

    def _poke(self) -> list[str]:
        return [f"*(volatile uint32_t *)0x{self._register():08x} = x;",
                f"y ^= *(volatile uint32_t *)0x{self._register():08x};"]

    def _select(self) -> list[str]:
        cases = self.rng.sample(range(24), self.rng.randrange(4, 8))
        lines = ["switch (x & 31u) {"]
        for case in sorted(cases):
            lines.append(f"case {case}: {self._compute()[1]} {self._store()[0]} break;")
        return lines + ["default: y++; break;", "}"]

    def _report(self) -> list[str]:
        words = " ".join(self.rng.sample(WORDS, self.rng.randrange(2, 5)))
        return [f'{self.name}_log("{words} %u\\n", x);']


def startup(entry_points: list[str]) -> str:
    """The file with the entry point: it calls one function of every module, for ever."""
    declarations = [f"uint32_t {name}(uint32_t a, uint32_t b);" for name in entry_points]
    calls = [f"        x = {name}(x, {index}u);" for index, name in enumerate(entry_points)]
    return "\n".join(["#include <stdint.h>", *declarations, "void call_start(void);", "void call_start(void)", "{",
                      "    uint32_t x = 0;", "    for (;;) {", *calls, "    }", "}"]) + "\n"
