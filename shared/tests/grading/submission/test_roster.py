"""Rosters as spreadsheets write them."""

import pytest

from needle_shared.grading.submission.roster import RosterError, Student, read_roster


@pytest.fixture
def roster(tmp_path):
    """Return what is read of a roster with this content."""

    def read(content):
        path = tmp_path / "class.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_roster(path)

    return read


ANN = Student("ann1", "Ann, B.", "ann@x.edu", "a.zip")


@pytest.mark.parametrize(
    "content",
    [
        'student,name,email,file\nann1,"Ann, B.",ann@x.edu,a.zip\n',
        'id;name;email;file\r\nann1;"Ann, B.";ann@x.edu;a.zip\r\n',
        "\ufeffStudent\tName\tEmail\tFile\nann1\tAnn, B.\tann@x.edu\ta.zip",
        'group,file,email, NAME ,ID\n7,a.zip,ann@x.edu,"Ann, B.",ann1\n\n,,,,\n',
    ],
)
def test_delimiters_quotes_and_columns_in_any_order(roster, content):
    assert roster(content) == (ANN,)


def test_missing_cells_are_empty(roster):
    assert roster("id,name,email\nann\nbob,Bob\n") == (Student("ann"), Student("bob", "Bob"))


def test_a_class_of_nobody(roster):
    assert roster("id\n") == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", 'line 1: no column is named "student" or "id"'),
        ("name,email\n", 'line 1: no column is named "student" or "id", got \'name, email\''),
        ("id,student\n", "line 1: there are two columns of the id"),
        ("id,name\nann,Ann\n,Bob\n", "line 3: the student's id is empty"),
        ("id\nann\nbob\nANN\n", "line 4: the id 'ann' is in line 2, too"),
        ("id,file\nann,a.zip\nbob,a.zip\n", "line 3: the file 'a.zip' is in line 2, too"),
        ("id\nann\nbob,Bob\n", "line 3: 2 cells"),
        ("id,file\nann,../b.zip\n", "line 2: '../b.zip' is not a file's name"),
        ('id,name\nann,"Ann\n', "line 2: unexpected end of data"),
        (b"id,name\nann,Ann\nbob,B\xf6b\n", "line 3: it is not UTF-8: save it as CSV in UTF-8"),
        ("id\nann\n".encode("utf-16"), "line 1: it is not UTF-8"),
        (b"id\n" + b"a" * (9 << 20), "larger than 8 MiB"),
        (b"id\n" + b"a" * 200_000, "line 2: field larger than field limit"),
    ],
)
def test_errors_name_the_line(roster, content, message):
    with pytest.raises(RosterError, match=message.replace("(", r"\(")):
        roster(content)


def test_quoted_cells_may_have_many_lines(roster):
    with pytest.raises(RosterError, match="line 4: the student's id is empty"):
        roster('id,name\nann,"Ann\nB."\n,Bob\n')
