"""
What a person sees: Debian's chromium looks at a real Airflow, which works on the sandbox.

``pytest tests/browser`` runs these alone. They are skipped where there is no chromium
(``apt-get install chromium``; ``CHROMIUM=/path/to/one`` names another) and below Airflow 3.1.

A test takes two fixtures:

``bed`` (:class:`tests.browser.bed.Bed`)
    One Airflow and one sandbox for all tests of this folder, with the DAGs ``dbt_to_segment`` (the
    demo's) and ``other_pipeline`` (a small one).

    - ``bed.run("happy")`` runs the demo's DAG to its end, or returns the run that was made before;
      also ``broken-model`` and ``bad-rows``. ``bed.run("happy", again=True)`` makes another.
    - ``bed.api("vic")`` asks Airflow's REST API as somebody; ``bed.get(path, "vic")`` any path, as
      nobody by default, and returns the answer whatever it is.
    - ``bed.sandbox`` is the server of both services (``.warehouse`` is its DuckDB file,
      ``.config`` says what it offers), ``bed.sandbox_url`` where it listens.

``open_window`` (makes a :class:`tests.browser.window.Window`)
    ``open_window("vic", dark=True, size=WIDE)`` is a browser of somebody's own, already logged in;
    ``open_window(None)`` one of nobody.

    - ``window.open("/dags")`` goes to a page; ``window.page`` is Playwright's page for the rest.
    - ``window.frame("dbtsegment")`` is the page inside Airflow whose address holds that text.
    - ``window.requests`` are the URLs of all requests so far, ``window.answers`` the bodies of
      Airflow's API, ``window.complaints`` what the pages wrote into the console as an error.
    - ``window.picture("connection")`` takes a picture, ``picture(name, of=locator)`` of a part.
      Pictures go into a folder below pytest's, or where ``PICTURES`` says; ``make screenshots``
      runs the tests that are marked ``screenshots`` with ``PICTURES=docs/images``, and the files
      are called ``ui-<name>.png``.
    - When the test is over, no request may have left this machine, or the test fails.
    - A test that fails leaves a picture of what was seen last; its error says where.

The people (:mod:`tests.browser.people`): ``admin``; ``olga`` (op: connections, too); ``vic``
(viewer: sees all DAGs); ``ulf`` (user: may not see ``dbt_to_segment``, in any way).
"""
