"""What may be fetched: free licences always, all others only where `ACCEPT_LICENCES` says so."""

from workshop.convert.source import Source, Wrong

TERMS = ("non-commercial", "copyleft", "unstated")  # besides free


class Accepted:
    """`ACCEPT_LICENCES`: `all`, or a comma list of terms, of licences and of variants (`pan-x2`, `upscale/pan-x2`)."""

    def __init__(self, text: str, sources: list[Source]):
        self.words = {word.strip().lower() for word in text.split(",") if word.strip()}
        known = {"all", "free", *TERMS}.union(*(names(source) for source in sources))
        if unknown := sorted(self.words - known):
            raise Wrong(
                f"ACCEPT_LICENCES={unknown[0]} is neither all, nor {', '.join(TERMS)}, nor a licence or a variant here"
            )

    def takes(self, source: Source) -> bool:
        """Whether this variant may be fetched."""
        return terms(source) == "free" or "all" in self.words or not self.words.isdisjoint(names(source))


def terms(source: Source) -> str:
    """What a licence asks: free, or one of TERMS."""
    return source.manifest.get("terms", "unstated")


def names(source: Source) -> set[str]:
    """The words that accept a variant."""
    manifest = source.manifest
    return {word.lower() for word in (terms(source), manifest["licence"], manifest["variant"], source.name)}


def told(source: Source) -> str:
    """The licence and the word that would accept it."""
    return f"licence: {source.manifest['licence']} ({terms(source)}); ACCEPT_LICENCES={terms(source)} takes it"
