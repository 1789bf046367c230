"""Documents that would keep a GraphQL server busy for long, each by what it does."""

from __future__ import annotations

HOSTILE = {
    "aliases": "{ ledger { " + " ".join(f"a{n}: title" for n in range(600)) + " } }",
    "aliases of root fields": "{ " + " ".join(f"a{n}: ledger {{ title }}" for n in range(40)) + " }",
    "one field again and again": "{ ledger { " + "head { position } " * 490 + " } }",
    "inline fragments": "{ ledger { " + "... { head { position } } " * 280 + " } }",
    "many fragments": "{ ledger { ...F0 } } " + " ".join(f"fragment F{n} on Ledger {{ title }}" for n in range(200)),
    "fragments that double": "{ ledger { ...F0 } } "
    + " ".join(f"fragment F{n} on Ledger {{ ...F{n + 1} ...F{n + 1} }}" for n in range(49))
    + " fragment F49 on Ledger { title }",
    "fragments in a circle": "{ ledger { ...A } } fragment A on Ledger { ...B } fragment B on Ledger { ...A }",
    "nested fields": "{ ledger " + "{ a " * 190 + "{ title }" + " }" * 190 + " }",
    "nested lists": '{ counterfactual(cycle: "a", group: "b", exclude: ' + "[" * 480 + "]" * 480 + ") { excluded } }",
    "long lists": '{ counterfactual(cycle: "a", group: "b", exclude: [' + "1," * 1_900 + "]) { excluded } }",
    "unknown fields": "{ ledger { " + " ".join(f"titel{n}" for n in range(950)) + " } }",
    "tokens": "{ ledger { title " + "# \n @skip(if: false)" * 700 + " } }",
    "operations": "query A { ledger { title } } " * 11,
    "characters": "{ ledger { title } }" + " " * 20_000,
    "the schema in itself": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "the schema many times": "{ __schema { "
    + " ".join(f"a{n}: types {{ fields {{ type {{ fields {{ args {{ name }} }} }} }} }}" for n in range(40))
    + " } }",
    "pages of everything": "query($n: Int!) { "
    + " ".join(
        f"a{n}: ranking(cycle: $c, group: $g) {{ rows(first: $n) {{ nodes {{ {' '.join(['id'] * 9)} }} }} }}"
        for n in range(20)
    )
    + " "
    + " ".join(f"b{n}: events(first: $n) {{ nodes {{ texts {{ text }} }} }}" for n in range(20))
    + " }",
}
