"""The fields of a connection's form, for Airflow below 3.3; later ones read the provider's info."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_dbtsegment.connection_forms import Field, Form


def form_widgets(form: Form) -> dict[str, Any]:
    """Return the further fields of a form, of the few kinds that Airflow below 3.3 knows."""
    from flask_babel import lazy_gettext
    from wtforms import BooleanField, IntegerField, StringField

    kinds = {"boolean": BooleanField, "integer": IntegerField}
    return {
        field.name: kinds.get(field.kind, StringField)(lazy_gettext(field.label), **_options(field))
        for field in form.fields
    }


def _options(field: Field) -> dict[str, Any]:
    from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
    from wtforms.validators import Optional, any_of

    options: dict[str, Any] = {"description": field.description, "default": field.default}
    if field.kind == "boolean":
        return options
    if field.kind == "number":  # shown as text, since only whole numbers have a field of their own
        options["default"] = str(field.default)
    if not field.choices:
        return {**options, "widget": BS3TextFieldWidget(), "validators": [Optional()]}
    drop_down = DropDown(field.choices)
    return {**options, "widget": drop_down, "validators": [Optional(), any_of([*field.choices])]}


class DropDown:
    """
    A list to choose from, for a field that holds text.

    :param choices: The values, and how each is shown.
    """

    def __init__(self, choices: Mapping[str, str]) -> None:
        self.choices = choices

    def __call__(self, field: Any, **attributes: Any) -> str:
        """Return the HTML."""
        from markupsafe import Markup

        chosen = str(field.data or "").strip().upper()  # as the hook reads it
        options = Markup("").join(
            Markup('<option value="{}"{}>{}</option>').format(
                value, Markup(" selected") if value == chosen else "", shown
            )
            for value, shown in self.choices.items()
        )
        name = field.name
        return Markup('<select class="form-control" id="{}" name="{}">{}</select>').format(
            field.id, name, options
        )
