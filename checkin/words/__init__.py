"""Every word that people read, from gettext catalogues: one `.po` for each language (`locale/de`, `locale/en`)."""

from checkin.words.catalogue import languages, say, say_all
from checkin.words.module import MODULE_NAME, Module, module
from checkin.words.sayings import said, said_together

__all__ = ["MODULE_NAME", "Module", "languages", "module", "said", "said_together", "say", "say_all"]
