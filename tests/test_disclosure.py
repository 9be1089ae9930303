"""Nothing small is shown, and nothing hidden can be computed from what is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cncb_analysis.codebook import Choice, Codebook, Variable
from cncb_analysis.disclosure import Protected, Release, protect_estimates
from cncb_analysis.errors import StudyError
from cncb_analysis.estimates import shape_estimates, tabulate_estimates, tabulate_shares

PARTNERS = {"linz": "AT", "milan": "IT", "veneto": "IT", "bratislava": "SK", "banska": "SK", "pecs": "HU"}
LISTS = {
    "origin": tuple(Choice("origin", code) for code in ("firms", "government", "research")),
    "voice": tuple(
        Choice("voice", code, collapse=group)
        for code, group in (("large", "firms"), ("small", "firms"), ("public", "public"), ("manager", "manager"))
    ),
    "rating": tuple(Choice("rating", str(order), order=order) for order in range(1, 6)),
    "budget": tuple(
        Choice("budget", code, order=order, collapse=group)
        for order, (code, group) in enumerate((("s", "low"), ("m", "low"), ("l", "high"), ("x", "high")), 1)
    ),
    "act": (Choice("act", "fairs"), Choice("act", "missions")),
    "support": (Choice("support", "exchange"), Choice("support", "tours")),
}
VARIABLES = [
    Variable("origin", "single", "origin"),
    Variable("voice", "single", "voice"),
    Variable("rating", "ordinal", "rating", battery="obst", item="a"),
    Variable("budget", "ordinal", "budget"),
    Variable("act", "multiple", "act"),
    Variable("top", "rank", "support"),
    Variable("year", "number", role="sensitive"),
    Variable("sex", "single", "origin", role="sensitive"),
    Variable("host", "single", "origin", role="identifier"),
]
BOOK = Codebook({variable.name: variable for variable in VARIABLES}, LISTS)
NUMBERS = ["estimate", "low", "high", "k"]


MANY = {f"partner{number}": f"C{number % 7}" for number in range(60)} | {"alone": "AT"}


def tabulate(variable, answers, partners=PARTNERS):
    """Estimates of one variable from the answers of each partner; an answer is a code, or 1/0 for a choice."""
    orders = {choice.name: choice.order or 1 for choice in BOOK.options(variable)}
    kind = BOOK.variables[variable].kind
    rows = []
    for partner, given_answers in answers.items():
        for place, answer in enumerate(given_answers):
            option, value = {
                "multiple": ("fairs", answer),
                "rank": ("exchange", answer or np.nan),
                "number": ("", answer),
            }.get(kind, (answer, orders.get(answer)))
            rows.append(
                ("questionnaire", partner, partners[partner], f"{partner}{place}", variable, option, "", value, "")
            )
    columns = ["step", "partner", "country", "unit", "variable", "option", "occasion", "value", "missing"]
    return tabulate_estimates(pd.DataFrame(rows, columns=columns), BOOK)


def protect(table, audience="public", **more):
    return protect_estimates(table, BOOK, Release(audience, **more)).frame


def marks(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return dict(zip(zip(frame["option"], frame["partner"] + frame["country"], strict=True), frame["mark"], strict=True))


class TestProtected:
    FRAME = tabulate("act", {"linz": [1, 1, 0, 0]}).assign(mark="")

    def test_hidden_row_may_hold_no_number(self):
        for column in NUMBERS:
            frame = self.FRAME.assign(mark="hidden")
            frame[[name for name in NUMBERS if name != column]] = np.nan
            with pytest.raises(ValueError, match="hidden row"):
                Protected(frame)

    def test_marks_and_columns_are_known(self):
        with pytest.raises(ValueError, match="mark"):
            Protected(self.FRAME.assign(mark="secret"))
        with pytest.raises(ValueError, match="frame"):
            Protected(self.FRAME.drop(columns="frame"))

    def test_audience_is_known(self):
        with pytest.raises(StudyError, match="consortium"):
            Release("everybody")


class TestAudiences:
    TABLE = tabulate("act", {partner: [1, 1, 1, 1, 0, 0, 0, 0] for partner in PARTNERS})

    @pytest.mark.parametrize(
        ("release", "partners"),
        [
            (Release("public"), set()),
            (Release("public", publish={"milan"}), {"milan"}),
            (Release("partner", partner="linz", publish={"milan"}), {"milan", "linz"}),
            (Release("consortium"), set(PARTNERS)),
        ],
    )
    def test_partners_seen(self, release, partners):
        frame = protect_estimates(self.TABLE, BOOK, release).frame
        assert set(frame["partner"]) - {""} == partners
        assert set(frame["country"]) == {"", *PARTNERS.values()}

    def test_consortium_sees_small_counts_but_no_identifier(self):
        table = pd.concat([tabulate("act", {"linz": [1, 0, 0, 0]}), tabulate("host", {"linz": ["firms"] * 9})])
        frame = protect(table, "consortium")
        assert set(frame["variable"]) == {"act"}
        assert (frame["mark"] == "").all()


class TestSmall:
    @pytest.mark.parametrize(
        ("k", "hidden"), [(0, False), (1, True), (2, True), (3, False), (6, False), (7, True), (9, False)]
    )
    def test_both_sides(self, k, hidden):
        frame = protect(tabulate("act", {"linz": [1] * k + [0] * (9 - k)}))
        assert (frame.loc[frame["statistic"] == "share", "mark"] == "hidden").all() == hidden
        assert (frame["mark"] == "hidden").any() == hidden

    def test_all_of_a_sensitive_answer_is_small(self):
        everybody = {"linz": ["firms"] * 9}
        assert marks(protect(tabulate("sex", everybody)), statistic="share")["firms", "AT"] == "hidden"
        assert marks(protect(tabulate("origin", everybody)), statistic="share")["firms", "AT"] == ""

    def test_numbers_of_two_are_hidden(self):
        for count, hidden in ((2, True), (3, False)):
            frame = protect(tabulate("year", {"linz": [1999 + i for i in range(count)]}))
            assert set(frame["mark"]) == ({"hidden"} if hidden else {""})
            assert frame[NUMBERS[0]].isna().all() == hidden

    def test_hidden_is_never_a_zero(self):
        frame = protect(tabulate("act", {"linz": [1, 0, 0, 0, 0]}))
        assert frame.loc[frame["mark"] == "hidden", NUMBERS].isna().all(axis=None)
        assert (frame["n"] == 5).all()

    def test_mean_rank_goes_with_its_count(self):
        frame = protect(tabulate("top", {"linz": [1, 2] + [0] * 6, "pecs": [1] * 9}))
        ranks = frame[(frame["statistic"] == "mean_rank") & (frame["country"] == "AT")].iloc[0]
        assert ranks["mark"] == "hidden"
        assert ranks["n"] == 8  # not the two who ranked it

    @pytest.mark.parametrize(
        "statistic",
        [
            *("dots", "borda", "dots_rank", "borda_rank", "movement", "dots_by_workshop", "share_voted_by_workshop"),
            *("consensus", "copeland", "mean_score", "mean_score_rank", "first_by_dots", "first_by_condorcet"),
        ],
    )
    def test_votes_go_with_the_count_of_voters(self, statistic):
        votes = {"step": "workshops", "variable": "votes", "country": "AT", "occasion": "1", "n": 9}
        counts = pd.DataFrame({**votes, "option": ["tours", "coaching"], "k": [1, 5]})
        shares = tabulate_shares(counts).assign(statistic="share_voted")
        numbers = shares.assign(statistic=statistic, estimate=[4.0, 2.0], low=np.nan, high=np.nan, k=np.nan)
        frame = protect(pd.concat([shares, numbers]))
        found = frame[frame["statistic"] == statistic].set_index("option")
        assert found["mark"].to_dict() == {"coaching": "", "tours": "hidden"}
        assert np.isnan(found.loc["tours", "estimate"])

    @pytest.mark.parametrize(
        ("statistic", "place", "hidden"),
        [
            ("share_voted_by_workshop", ("", "AT", "2"), True),  # the other workshop's share gives the hidden one back
            ("share_voted_by_workshop", ("", "", "2"), True),
            ("dots_by_workshop_rank", ("", "", "2"), False),
            ("first_by_dots_by_workshop", ("", "", "2"), False),
            ("share_voted_by_workshop", ("", "", "1"), False),
            ("movement", ("linz", "AT", "3"), True),  # with its place there, the place in the round before
            ("movement", ("pecs", "HU", "3"), False),
            ("dots_rank", ("linz", "AT", "3"), False),
        ],
    )
    def test_numbers_that_span_cells_go_with_each_of_them(self, statistic, place, hidden):
        votes = {"step": "workshops", "variable": "votes", "option": "tours"}
        columns = ["partner", "country", "occasion", "k", "n"]
        rows = [("linz", "AT", "2", 1, 9), ("graz", "AT", "2", 6, 14), ("", "AT", "2", 7, 23), ("", "", "2", 16, 45)]
        rows += [("linz", "AT", "3", 5, 9), ("pecs", "HU", "1", 6, 14)]
        shares = tabulate_shares(pd.DataFrame(rows, columns=columns).assign(**votes, statistic="share_voted"))
        other = pd.DataFrame([(*place, np.nan, 45)], columns=columns).assign(**votes, statistic=statistic, estimate=0.3)
        frame = protect(pd.concat([shares, shape_estimates(other)]), publish={"linz", "graz", "pecs"})
        own = frame[frame["statistic"] == statistic].iloc[0]
        assert (own["mark"], np.isnan(own["estimate"])) == (("hidden", True) if hidden else ("", False))

    def test_what_restates_a_sensitive_answer_is_sensitive(self):
        counts = pd.DataFrame(
            {"step": "interviews", "variable": "profile", "option": ["woman", "agency"], "country": "AT"}
        )
        table = tabulate_shares(counts.assign(k=9, n=9))
        rests_on = {("profile", "woman"): "sex", ("profile", "agency"): "origin"}
        frame = protect_estimates(table, BOOK, Release(), rests_on=rests_on).frame
        assert dict(zip(frame["option"], frame["mark"], strict=True)) == {"woman": "hidden", "agency": ""}
        assert set(protect_estimates(table, BOOK, Release()).frame["mark"]) == {""}

    def test_what_restates_an_identifier_is_left_out(self):
        table = tabulate_shares(pd.DataFrame({"variable": ["profile"], "option": "known", "k": [9], "n": [9]}))
        for release in (Release(), Release("consortium")):
            assert protect_estimates(table, BOOK, release, rests_on={("profile", "known"): "host"}).frame.empty

    def test_official_figures_and_response_are_open(self):
        jobs = pd.DataFrame({"step": ["mapping"], "variable": "concentration", "k": [1], "n": [1]})
        response = pd.DataFrame({"step": ["questionnaire"], "variable": "response", "k": [9], "n": [10]})
        table = pd.concat([tabulate_shares(jobs).assign(statistic="lq", k=np.nan), tabulate_shares(response)])
        assert set(protect(table)["mark"]) == {""}


class TestCoarsening:
    def test_collapse_before_hiding(self):
        frame = protect(tabulate("voice", {"linz": ["large"] * 2 + ["small"] * 3 + ["public"] * 4 + ["manager"] * 3}))
        found = marks(frame, statistic="share", country="AT")
        assert found[("firms", "AT")] == "coarsened"
        assert found[("large", "AT")] == found[("small", "AT")] == "hidden"
        assert found[("manager", "AT")] == ""  # its own group
        firms = frame[(frame["option"] == "firms") & (frame["country"] == "AT")].iloc[0]
        assert (firms["k"], firms["n"], firms["method"]) == (5, 12, "wilson")

    def test_ordered_answers_to_median_and_top_two(self):
        frame = protect(tabulate("rating", {"linz": ["1", "2", "2", "3", "4", "4", "5", "5"]}))
        found = frame[frame["country"] == "AT"].set_index(["statistic", "option"])["mark"]
        assert (found["share"] == "hidden").all()
        assert found["share_top2", ""] == found["median", ""] == "coarsened"
        assert found["mean", ""] == "hidden"

    def test_ordered_answers_by_their_groups_where_declared(self):
        frame = protect(tabulate("budget", {"linz": ["s"] * 2 + ["m"] * 3 + ["l"] * 4 + ["x"] * 3}))
        found = marks(frame, statistic="share", country="AT")
        assert found[("low", "AT")] == found[("high", "AT")] == "coarsened"

    def test_large_counts_stay_as_they_are(self):
        frame = protect(tabulate("voice", {"linz": ["large", "small", "public", "manager"] * 4}))
        assert set(frame["mark"]) == {""}
        assert "firms" not in set(frame["option"])


class TestComplementary:
    def test_second_country_hides_the_first(self):
        answers = {"linz": [1] + [0] * 8, "pecs": [1] * 5 + [0] * 5, "milan": [1] * 6 + [0] * 6}
        found = marks(protect(tabulate("act", answers)), statistic="share", option="fairs")
        assert found[("fairs", "AT")] == "hidden"
        assert sorted(found.values()) == ["", "", "hidden", "hidden"]
        assert found[("fairs", "")] == ""  # all stays

    def test_country_minus_own_partner_would_tell_the_other(self):
        answers = {"milan": [1] * 6 + [0] * 6, "veneto": [1] + [0] * 8, "linz": [1] * 4 + [0] * 4}
        public = marks(protect(tabulate("act", answers)), statistic="share")
        assert public[("fairs", "IT")] == ""
        own = marks(protect(tabulate("act", answers), "partner", partner="milan"), statistic="share")
        assert "hidden" in {own[("fairs", "milanIT")], own[("fairs", "IT")]}

    def test_lone_answer_is_not_the_rest_of_its_base(self):
        found = marks(
            protect(tabulate("origin", {"linz": ["firms"] * 6 + ["government"] * 5 + ["research"]})), country="AT"
        )
        assert sorted(found.values()) == ["", "hidden", "hidden"]

    def test_lone_partner_is_hidden_with_its_country_and_all_stays(self):
        counts = {"pecs": (1, 9), "linz": (4, 9), "milan": (3, 9), "veneto": (3, 9)}
        table = tabulate("act", {partner: [1] * k + [0] * (n - k) for partner, (k, n) in counts.items()})
        found = marks(protect(table, publish=set(PARTNERS)), statistic="share", option="fairs")
        # Italy's count is no help: its partners tell it.
        assert {place for (_, place), mark in found.items() if mark} == {"HU", "pecsHU", "AT", "linzAT"}

    def test_what_is_enough_alone_is_hidden_alone(self):
        answers = {
            "veneto": ["firms"] * 4 + ["research"],
            "bratislava": ["firms"] * 10 + ["government"],
            "pecs": ["research"] * 3,
        }
        found = marks(protect(tabulate("origin", answers)), statistic="share")
        assert {place for (_, place), mark in found.items() if mark} == {"", "IT", "SK"}

    def test_printed_statements_stay(self):
        published = pd.DataFrame(
            [
                ("questionnaire", "act", "fairs", "share", "linz", "1"),
                ("questionnaire", "act", "fairs", "share", "pecs", ""),
            ],
            columns=["step", "variable", "option", "statistic", "partner", "exempt"],
        )
        table = tabulate("act", {"linz": [1] + [0] * 8, "pecs": [1] + [0] * 8, "milan": [1] * 9 + [0] * 9})
        release = Release("public", publish=set(PARTNERS))
        frame = protect_estimates(table, BOOK, release, published=published).frame
        found = marks(frame, statistic="share")
        assert found[("fairs", "linzAT")] == "published"
        assert found[("fairs", "pecsHU")] == "hidden"

    @given(
        variable=st.sampled_from(["origin", "voice", "rating", "budget", "act"]),
        sizes=st.lists(st.integers(0, 12), min_size=1, max_size=8).filter(any),
        countries=st.lists(st.sampled_from(["AT", "IT", "SK"]), min_size=8, max_size=8),
        seed=st.integers(0, 2**20),
        audience=st.sampled_from(
            [
                Release("public"),
                Release("public", publish={"p0", "p1", "p4"}),
                Release("public", publish={f"p{number}" for number in range(8)}),
                Release("partner", partner="p2"),
            ]
        ),
        lost=st.sampled_from(["none", "countries", "all", "some"]),
    )
    @settings(max_examples=100, deadline=None)
    def test_nothing_hidden_follows_from_what_is_shown(self, variable, sizes, countries, seed, audience, lost):
        partners = {f"p{number}": country for number, country in enumerate(countries)}
        check_nothing_follows(variable, dict(zip(partners, sizes, strict=False)), seed, audience, partners, lost)

    @pytest.mark.parametrize("variable", ["budget", "rating", "act"])
    @pytest.mark.parametrize("publish", [set(MANY), set(list(MANY)[::2])])
    def test_nor_among_many_partners(self, variable, publish):
        sizes = {partner: 3 + number % 11 for number, partner in enumerate(MANY)}
        check_nothing_follows(variable, sizes, 1, Release("public", publish=publish), MANY)


def check_nothing_follows(variable, sizes, seed, release, partners, lost="none"):
    rng = np.random.default_rng(seed)
    codes = [choice.name for choice in BOOK.options(variable)]
    weights = rng.dirichlet(np.full(len(codes), 0.7))
    answers = {
        partner: rng.integers(0, 2, size).tolist() if variable == "act" else rng.choice(codes, size, p=weights).tolist()
        for partner, size in sizes.items()
    }
    table = tabulate(variable, answers, partners)
    country, all_of_them = table["partner"].eq("") & table["country"].ne(""), table["country"].eq("")
    gone = {"none": False & country, "countries": country, "all": all_of_them, "some": rng.random(len(table)) < 0.1}
    table = table[~gone[lost]]
    frame = protect_estimates(table, BOOK, release).frame
    frame = frame[frame["statistic"].isin(["share", "share_top2"])]
    shown, hidden = frame[frame["mark"] != "hidden"], frame[frame["mark"] == "hidden"]
    small = (shown["k"] > 0) & (shown["k"] < 3) | (shown["n"] - shown["k"] > 0) & (shown["n"] - shown["k"] < 3)
    assert not small.any()
    counts = table[table["statistic"].isin(["share", "share_top2"])]
    unseen = counts[(counts["k"] > 0) & (counts["k"] < 3) | (counts["n"] - counts["k"]).between(1, 2)]
    nothing = np.zeros(len(partners) * len(codes))
    known = [write_equation(row, variable, partners) for row in shown.itertuples()]
    free = null_space(np.array([nothing, *bases(variable, partners), *known]))
    for row in [*hidden.itertuples(), *unseen.itertuples()]:
        assert np.abs(free.T @ write_equation(row, variable, partners)).max(initial=0) > 1e-9, row


def write_equation(row, variable, partners):
    """Which unknown counts (partner by answer) a row adds up; written apart from the library."""
    cells = np.zeros((len(partners), len(LISTS[BOOK.variables[variable].list_name])))
    for p, (partner, country) in enumerate(partners.items()):
        if (not row.partner or row.partner == partner) and (not row.country or row.country == country):
            for o, choice in enumerate(BOOK.options(variable)):
                top = row.statistic == "share_top2" and choice.order in (cells.shape[1] - 1, cells.shape[1])
                cells[p, o] = (
                    row.option in (choice.name, choice.collapse or choice.name) if row.statistic == "share" else top
                )
    return cells.ravel()


def bases(variable, partners):
    """The base of every partner is known; for a multiple choice it says nothing about an option."""
    options = len(BOOK.options(variable))
    return [] if variable == "act" else list(np.kron(np.eye(len(partners)), np.ones(options)))


def null_space(equations):
    _, size, right = np.linalg.svd(equations)
    return right[np.count_nonzero(size > 1e-9) :].T
