"""The forms of Airflow below 3.3 hold the same fields as those of later versions."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from airflow_provider_dbtsegment.connection_forms import DBT_CLOUD_FORM, SEGMENT_FORM, Form
from airflow_provider_dbtsegment.hooks.forms import DropDown, form_widgets

metadata = pytest.importorskip("airflow.api_fastapi.core_api.services.ui.connections")


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Airflow 3 puts in the place of the libraries of Airflow 2's forms."""
    service = metadata.HookMetaService

    def module(name: str, **names: Any) -> None:
        stand_in = ModuleType(name)
        stand_in.__dict__.update(names)
        monkeypatch.setitem(sys.modules, name, stand_in)

    module("flask_babel", lazy_gettext=str)
    module("flask_appbuilder")
    module("flask_appbuilder.fieldwidgets", BS3TextFieldWidget=service.MockAnyWidget)
    module(
        "wtforms",
        BooleanField=service.MockBooleanField,
        IntegerField=service.MockIntegerField,
        StringField=service.MockStringField,
    )
    module("wtforms.validators", Optional=service.MockOptional, any_of=service.MockEnum)


@pytest.mark.parametrize("form", [DBT_CLOUD_FORM, SEGMENT_FORM])
def test_earlier_forms_hold_the_same_fields(form: Form, stand_ins: None) -> None:
    widgets = form_widgets(form)
    assert list(widgets) == [field.name for field in form.fields]
    for field in form.fields:
        told = widgets[field.name].param.dump()
        assert told["schema"]["title"] == field.label
        assert told["description"] == field.description
        assert str(told["value"]) == str(field.default)
        assert told["schema"].get("enum", []) == list(field.choices)
        kind = {"number": "string"}.get(field.kind, field.kind)
        assert told["schema"]["type"] == [kind, "null"]


def test_a_drop_down_offers_the_choices_and_keeps_what_was_chosen() -> None:
    drop_down = DropDown({"US": "US (1)", "EU": "<EU>"})
    box = SimpleNamespace(id="extra__x__region", name='"region"', data="eu")
    assert drop_down(box) == (
        '<select class="form-control" id="extra__x__region" name="&#34;region&#34;">'
        '<option value="US">US (1)</option>'
        '<option value="EU" selected>&lt;EU&gt;</option></select>'
    )
