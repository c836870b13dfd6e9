"""Numbers as they come from trunks, web forms and attackers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.phone import normalise


@pytest.mark.parametrize(
    ("raw", "digits", "kind"),
    [
        ("13912345678", "13912345678", "mobile"),
        ("+8613912345678", "13912345678", "mobile"),
        ("+86 139-1234-5678", "13912345678", "mobile"),
        ("008613912345678", "13912345678", "mobile"),
        ("8613912345678", "13912345678", "mobile"),
        ("013912345678", "13912345678", "mobile"),
        ("１３９１２３４５６７８", "13912345678", "mobile"),
        ('"张三" <13912345678>', "13912345678", "mobile"),
        ('"x" <sip:13912345678@10.0.0.1;user=phone>', "13912345678", "mobile"),
        ("sip:+8613912345678@10.0.0.1", "13912345678", "mobile"),
        (" 13912345678\n", "13912345678", "mobile"),
        ("3061234", "07153061234", "landline"),
        ("0715-3061234", "07153061234", "landline"),
        ("(0715) 306 1234", "07153061234", "landline"),
        ("+867153061234", "07153061234", "landline"),
        ("+86 0715 3061234", "07153061234", "landline"),
        ("867153061234", "07153061234", "landline"),
        ("+86 10 62345678", "01062345678", "landline"),
        ("02787654321", "02787654321", "landline"),
        ("110", "110", "short"),
        ("12345", "12345", "short"),
        ("10086", "10086", "short"),
        ("4008123123", "4008123123", "short"),
        ("+85223456789", "0085223456789", "foreign"),
        ("0014155550100", "0014155550100", "foreign"),
        ("anonymous", "", "anonymous"),
        ("Anonymous", "", "anonymous"),
        ('"Anonymous" <sip:anonymous@anonymous.invalid>', "", "anonymous"),
        ("unknown", "", "anonymous"),
        ("<unknown>", "", "anonymous"),
        ("withheld", "", "anonymous"),
        ("", "", "anonymous"),
        ("   ", "", "anonymous"),
        ("1" * 40, "", "invalid"),
        ("139'; DROP TABLE call;--", "", "invalid"),
        ("13912345678\r\nX-Evil: 1", "", "invalid"),
        ("１２", "", "invalid"),
        ("9" * 500, "", "invalid"),
    ],
)
def test_known_shapes(raw: str, digits: str, kind: str) -> None:
    phone = normalise(raw)
    assert (phone.digits, phone.kind) == (digits, kind)


@pytest.mark.parametrize(
    ("raw", "digits", "extension"),
    [
        ("0715-3061234-801", "07153061234", "801"),
        ("07153061234转801", "07153061234", "801"),
        ("0715-3061234 ext. 801", "07153061234", "801"),
        ("07153061234,801", "07153061234", "801"),
        ("13912345678#12", "13912345678", "12"),
        ("0715-3061234", "07153061234", ""),
    ],
)
def test_extensions_are_kept_apart(raw: str, digits: str, extension: str) -> None:
    phone = normalise(raw)
    assert (phone.digits, phone.extension) == (digits, extension)


@pytest.mark.parametrize(
    ("raw", "display", "mask"),
    [
        ("13912345678", "139 1234 5678", "139****5678"),
        ("07153061234转801", "0715-3061234 转 801", "0715****234"),
        ("110", "110", "110"),
        ("4008123123", "4008123123", "400****123"),
        ("+85223456789", "+85223456789", "+85****89"),
        ("anonymous", "匿名来电", "匿名来电"),
        ("x", "号码异常", "号码异常"),
    ],
)
def test_how_people_see_it(raw: str, display: str, mask: str) -> None:
    phone = normalise(raw)
    assert (phone.display, phone.mask()) == (display, mask)


@given(st.text(max_size=200))
def test_any_text_is_answered_and_only_digits_come_out(raw: str) -> None:
    phone = normalise(raw)
    assert all(c in "0123456789" for c in phone.digits + phone.extension)
    assert len(phone.digits) <= 32
    assert (phone.digits == "") == (phone.kind in ("anonymous", "invalid"))
    assert "\n" not in phone.display + phone.mask()


@given(st.text(alphabet="0123456789+-() ×x转,#<>\"'", max_size=30))
def test_normalising_twice_changes_nothing(raw: str) -> None:
    once = normalise(raw)
    if once.digits:
        again = normalise(once.digits)
        assert (again.digits, again.kind) == (once.digits, once.kind)


@given(
    st.from_regex(r"\A1[3-9][0-9]{9}\Z"),
    st.sampled_from(["", "+86", "0086", "86", "+86 ", "0"]),
    st.sampled_from(["", " ", "-"]),
)
def test_every_way_to_write_a_mobile_is_one_number(mobile: str, prefix: str, gap: str) -> None:
    written = prefix + gap.join((mobile[:3], mobile[3:7], mobile[7:]))
    assert normalise(written).digits == mobile
