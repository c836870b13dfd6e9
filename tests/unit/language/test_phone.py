"""Numbers as they come from trunks, web forms and attackers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.phone import normalise


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
        ("+864008001234", "4008001234", "short"),
        ("400-800-1234", "4008001234", "short"),
        ("800 820 8820", "8008208820", "short"),
        ("+8695588", "95588", "short"),
        ("+8612345", "12345", "short"),
        ("+8610086", "10086", "short"),
        # another place's service number keeps its place
        ("+8671512345", "071512345", "short"),
        ("0715-12345", "071512345", "short"),
        ("+86 10 12345", "01012345", "short"),
        ("027-110", "027110", "short"),
        # dialled through another carrier
        ("1795113912345678", "13912345678", "mobile"),
        ("17951 0715-3061234", "07153061234", "landline"),
        ("12593 139 1234 5678", "13912345678", "mobile"),
        ("17909008613912345678", "13912345678", "mobile"),
        ("17951000085223456789", "", "invalid"),
        ("17951123456", "17951123456", "mobile"),
        # what SIP writes behind the number
        ("<tel:+8613912345678;cpc=ordinary>", "13912345678", "mobile"),
        ("tel:+8613912345678;cpc=ordinary", "13912345678", "mobile"),
        ("<sip:+8613912345678;npdi;rn=+8613900000000@10.0.0.1;user=phone>", "13912345678", "mobile"),
        ("sip:13912345678;isub=12@10.0.0.1", "13912345678", "mobile"),
        ("12345;phone-context=+86", "12345", "short"),
        ("3061234;phone-context=+86715", "07153061234", "landline"),
        ("62345678;phone-context=+8610", "01062345678", "landline"),
        ("tel:29123456;phone-context=+852", "0085229123456", "foreign"),
        ("13912345678;phone-context=example.com", "13912345678", "mobile"),
        ("%2B8613912345678", "13912345678", "mobile"),
        ('"x" <sip:%2b8613912345678@10.0.0.1>', "13912345678", "mobile"),
        # what is copied from a page or a table
        ("\u200b139\u200c1234\u200d5678\ufeff", "13912345678", "mobile"),
        ("\u202a13912345678\u202c", "13912345678", "mobile"),
        ("\u00a00715\u30003061234", "07153061234", "landline"),
        ("０７１５－３０６１２３４", "07153061234", "landline"),
        ("（0715）3061234", "07153061234", "landline"),
        ("139·1234·5678", "13912345678", "mobile"),
        ("+852 9123 4567", "0085291234567", "foreign"),
        ("00852-9123-4567", "0085291234567", "foreign"),
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
        ("0715-3061234转801", "07153061234", "801"),
        ("3061234转8", "07153061234", "8"),
        ("０７１５-３０６１２３４ 分机８０１", "07153061234", "801"),
        ("4008001234转2", "4008001234", "2"),
        ("tel:+86-715-3061234;ext=801", "07153061234", "801"),
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
        ("071512345", "0715-12345", "0715-12345"),
        ("4008001234转2", "4008001234 转 2", "400****234"),
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
