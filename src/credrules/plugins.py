"""Find plugins through their entry points, and hold what they offer against what their hooks promise."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, TypeVar

import pluggy

from credrules import hookspecs
from credrules.adapters import Issuer, StudentRecords
from credrules.errors import CredrulesError, PluginError, nearest

if TYPE_CHECKING:
    from credrules.connecting import Connection
    from credrules.scaffold import Part
    from credrules.settings import Section

GROUP = "credrules"
_KindT = TypeVar("_KindT")


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plugin. `fault` says why it cannot be used; '' where it can."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    fault: str = ""


class Plugins:
    """The plugins that are installed, ready to be asked for records and issuers."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("credrules")
        self._manager.add_hookspecs(hookspecs)
        self.found = tuple(sorted(map(self._load, _entry_points()), key=lambda plugin: plugin.name))

    def _load(self, entry: tuple[metadata.EntryPoint, metadata.Distribution]) -> Plugin:
        point, distribution = entry
        try:
            module = point.load()
            self._manager.register(module, name=point.name)
            self._manager.check_pending()
        except Exception as error:
            if self._manager.has_plugin(point.name):
                self._manager.unregister(name=point.name)
            return Plugin(point.name, distribution.name, distribution.version, fault=f"{type(error).__name__}: {error}")
        hooks = tuple(sorted(caller.name for caller in self._manager.get_hookcallers(module) or ()))
        return Plugin(point.name, distribution.name, distribution.version, hooks)

    def register(self, plugin: object, name: str) -> None:
        """Add a plugin that is not installed, as tests do."""
        self._manager.register(plugin, name=name)

    def records(self, section: Section) -> StudentRecords:
        """The one source of records that the settings ask for. Raises PluginError or SettingsError."""
        return self._one("credrules_student_records", section, StudentRecords)  # type: ignore[type-abstract]  # only asked with isinstance

    def issuer(self, section: Section) -> Issuer:
        """The one issuer that a table of the settings asks for. Raises PluginError or SettingsError."""
        return self._one("credrules_issuers", section, Issuer)  # type: ignore[type-abstract]  # only asked with isinstance

    def scaffold_parts(self) -> list[Part]:
        """What every plugin adds to a new installation."""
        return [part for parts in self._manager.hook.credrules_scaffold() for part in parts]

    def connections(self) -> dict[str, Connection]:
        """The sources that can be connected by answering questions, by the names of their plugins."""
        offered = [one for some in self._manager.hook.credrules_connections() for one in some]
        return {one.plugin: one for one in sorted(offered, key=lambda one: one.plugin)}

    def _one(self, hook: str, section: Section, kind: type[_KindT]) -> _KindT:
        try:
            offered = [thing for things in getattr(self._manager.hook, hook)(settings=section) for thing in things]
        except CredrulesError:
            raise
        except Exception as error:
            raise PluginError(
                f"The plugin '{section.plugin}' failed to start: {type(error).__name__}: {error}."
            ) from error
        if not offered:
            raise PluginError(self._nothing(section))
        if len(offered) > 1:
            raise PluginError(f"{len(offered)} plugins answer for plugin = '{section.plugin}'. Uninstall all but one.")
        if not isinstance(offered[0], kind):
            raise PluginError(
                f"The plugin '{section.plugin}' offers {type(offered[0]).__name__}, which is no {kind.__name__}."
            )
        return offered[0]

    def _nothing(self, section: Section) -> str:
        names = [plugin.name for plugin in self.found if not plugin.fault]
        broken = [plugin for plugin in self.found if plugin.fault and plugin.name == section.plugin]
        if broken:
            return f"The plugin '{section.plugin}' is installed but cannot be used: {broken[0].fault}."
        return (
            f"{section.where}: no installed plugin answers for plugin = '{section.plugin}'. "
            f"Installed: {', '.join(names) or 'none'}.{nearest(section.plugin, names)}"
        )


def _entry_points() -> list[tuple[metadata.EntryPoint, metadata.Distribution]]:
    found: dict[str, tuple[metadata.EntryPoint, metadata.Distribution]] = {}
    for distribution in metadata.distributions():
        for point in distribution.entry_points:
            if point.group == GROUP:
                found.setdefault(point.name, (point, distribution))
    return [found[name] for name in sorted(found)]
