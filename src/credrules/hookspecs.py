"""The hooks that a plugin may implement.

Hooks *register* objects; the objects act. A broadcast stops at the first plugin that raises, so nothing that can fail
or that costs money is done inside a hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credrules.adapters import Issuer, StudentRecords
    from credrules.connecting import Connection
    from credrules.scaffold import Part
    from credrules.settings import Section

hookspec = pluggy.HookspecMarker("credrules")
hookimpl = pluggy.HookimplMarker("credrules")


@hookspec
def credrules_student_records(settings: Section) -> Iterable[StudentRecords]:
    """Offer a source of student records, if this plugin is the one that the settings ask for.

    Called once, at start-up, with the `[records]` table of credrules.toml. Yield nothing where `settings.plugin` is
    another plugin's:

        import credrules

        @credrules.hookimpl
        def credrules_student_records(settings):
            if settings.plugin == "campus":
                yield CampusRecords(folder=settings.read(CampusSettings).folder)
    """
    raise NotImplementedError


@hookspec
def credrules_issuers(settings: Section) -> Iterable[Issuer]:
    """Offer an issuer: an object that turns an award into a badge or a transcript note.

    Called once, at start-up, for each `[issuers.NAME]` table of credrules.toml; `settings.name` is NAME, which is what
    the program files call it. Yield nothing where `settings.plugin` is another plugin's:

        import credrules

        @credrules.hookimpl
        def credrules_issuers(settings):
            if settings.plugin == "printer":
                yield PrinterIssuer(name=settings.name, queue=settings.read(PrinterSettings).queue)
    """
    raise NotImplementedError


@hookspec
def credrules_scaffold() -> Iterable[Part]:
    """Offer what a new installation needs of this plugin: its table of credrules.toml, and files beside it.

    Called by `credrules init`, which writes the files; the hook only says what they are:

        import credrules
        from credrules.scaffold import File, Part

        @credrules.hookimpl
        def credrules_scaffold():
            yield Part(
                name="printer",
                settings='[issuers.printer]\\nplugin = "printer"\\nqueue = "registrar"\\n',
                files=(File("printer/README.txt", "What is printed lands here.\\n"),),
            )
    """
    raise NotImplementedError


@hookspec
def credrules_connections() -> Iterable[Connection]:
    """Offer what `credrules connect` asks for this plugin's source of student records.

    The hook only says what is asked. `look` of a connection is called later, with the answers as a table of settings,
    and may look at the source, to say which profile fits; it never reads a learner:

        import credrules
        from credrules.connecting import Connection, Profile, Question, Seen

        def look(section):
            if "old" in section.values["folder"]:
                return Seen([Profile("campus-9", {"release": "9"}, "its folder is called old")])
            return Seen(otherwise=[Question("release", "Which release of Campus is it?")])

        @credrules.hookimpl
        def credrules_connections():
            yield Connection("campus", "Campus", [Question("folder", "The folder of the export")], look)
    """
    raise NotImplementedError
