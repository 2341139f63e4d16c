using System.Text;

namespace Pgkeep.Options.EnvironmentFiles;

/// <summary>
/// Splits text into words as a POSIX shell does (POSIX.1-2024, Shell Command Language, 2.2 Quoting and 2.3 Token Recognition), for text in
/// which nothing is expanded and no operator stands. Where a shell would expand, run or redirect something the answer is
/// <see cref="ShellToken.Problem"/>: taking such text literally would give a value that the same file, sourced, does not have.
/// </summary>
internal sealed class ShellWordReader
{
    private readonly string _text;
    private readonly StringBuilder _word = new();
    private int _position;
    private int _line = 1;
    private int _nameLength;
    private bool _hasQuotes;

    public ShellWordReader(string text)
    {
        _text = text;
    }

    /// <summary>Valid after <see cref="ShellToken.Problem"/>.</summary>
    public ShellProblem? Problem { get; private set; }

    private char Next => _position + 1 < _text.Length ? _text[_position + 1] : '\0';

    public ShellToken Read(out ShellWord word)
    {
        word = default;
        SkipBlanksAndComment();
        if (_position == _text.Length)
        {
            return ShellToken.EndOfFile;
        }

        if (_text[_position] == '\n')
        {
            Advance();
            return ShellToken.EndOfLine;
        }

        var line = _line;
        if (!ReadWord())
        {
            return ShellToken.Problem;
        }

        word = new ShellWord(_word.ToString(), _nameLength, line);
        return ShellToken.Word;
    }

    /// <summary>Goes on after a problem. What follows on the same line is part of it.</summary>
    public void SkipLine()
    {
        while (_position < _text.Length && _text[_position] != '\n')
        {
            _position++;
        }
    }

    private void SkipBlanksAndComment()
    {
        while (_position < _text.Length)
        {
            switch (_text[_position])
            {
                case ' ' or '\t':
                    _position++;
                    break;
                case '\\' when Next == '\n':
                    Advance();
                    Advance();
                    break;
                case '#':
                    SkipLine();
                    return;
                default:
                    return;
            }
        }
    }

    private bool ReadWord()
    {
        _word.Clear();
        _nameLength = -1;
        _hasQuotes = false;
        while (_position < _text.Length)
        {
            var character = _text[_position];
            if (character is ' ' or '\t' or '\n')
            {
                return true;
            }

            var read = character switch
            {
                '\'' => ReadSingleQuoted(),
                '"' => ReadDoubleQuoted(),
                '\\' => ReadEscaped(),
                '`' => Fail("a backquote would run a command"),
                '$' when Expands(Next) || Next is '\'' or '"' => Fail("a \"$\" would be expanded by a shell"),
                '~' when ExpandsTilde() => Fail("a \"~\" would be expanded by a shell", "write the directory in full"),
                ';' or '&' or '|' or '<' or '>' or '(' or ')' =>
                    Fail($"an unquoted \"{character}\" ends the value in a shell"),
                _ => ReadPlain(character),
            };
            if (!read)
            {
                return false;
            }
        }

        return true;
    }

    private bool ReadPlain(char character)
    {
        if (character == '=' && _nameLength < 0 && !_hasQuotes && ShellWord.IsName(_word.ToString()))
        {
            _nameLength = _word.Length;
        }

        _word.Append(character);
        Advance();
        return true;
    }

    private bool ReadSingleQuoted()
    {
        var end = _text.IndexOf('\'', _position + 1);
        if (end < 0)
        {
            return Fail("a single quote is not closed", "close it; a single quote inside single quotes is written '\\''");
        }

        _hasQuotes = true;
        _word.Append(_text, _position + 1, end - _position - 1);
        AdvanceTo(end + 1);
        return true;
    }

    private bool ReadDoubleQuoted()
    {
        var openedAt = _line;
        _hasQuotes = true;
        Advance();
        while (_position < _text.Length)
        {
            var character = _text[_position];
            switch (character)
            {
                case '"':
                    Advance();
                    return true;
                case '`':
                    return Fail("a backquote would run a command");
                case '$' when Expands(Next):
                    return Fail("a \"$\" would be expanded by a shell, in double quotes too");
                case '\\' when Next is '$' or '`' or '"' or '\\' or '\n':
                    AppendUnlessNewline(Next);
                    AdvanceTo(_position + 2);
                    break;
                default:
                    _word.Append(character);
                    Advance();
                    break;
            }
        }

        return Fail("a double quote is not closed", "close it, or write it as \\\" where it belongs to the value", openedAt);
    }

    private bool ReadEscaped()
    {
        if (_position + 1 == _text.Length)
        {
            return Fail("the file ends with a backslash");
        }

        // A backslash before a newline joins two lines and quotes nothing.
        _hasQuotes |= Next != '\n';
        AppendUnlessNewline(Next);
        AdvanceTo(_position + 2);
        return true;
    }

    private void AppendUnlessNewline(char character)
    {
        if (character != '\n')
        {
            _word.Append(character);
        }
    }

    // "$[" is arithmetic in bash and literal in others: the file must mean the same in all of them.
    private static bool Expands(char next) =>
        char.IsAsciiLetterOrDigit(next) || next is '_' or '{' or '(' or '[' or '@' or '*' or '#' or '?' or '-' or '$' or '!';

    // POSIX.1-2024, 2.6.1 Tilde Expansion: in an assignment at the start of the value and after each unquoted colon.
    private bool ExpandsTilde() => _nameLength >= 0 && (_word.Length == _nameLength + 1 || _text[_position - 1] == ':');

    private bool Fail(string message, string? hint = null, int? line = null)
    {
        var name = _nameLength > 0 ? _word.ToString(0, _nameLength) : null;
        Problem = new ShellProblem(line ?? _line, name, message, hint ?? ShellProblem.SingleQuotes(name));
        return false;
    }

    private void AdvanceTo(int position)
    {
        while (_position < position)
        {
            Advance();
        }
    }

    private void Advance()
    {
        if (_text[_position] == '\n')
        {
            _line++;
        }

        _position++;
    }
}
