using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Pgkeep.Postgres;

/// <summary>
/// Reads a <c>backup_manifest</c> file by file, in memory that does not grow with their number. What it hands out is proven only when
/// <see cref="TryFinish"/> has compared the manifest's own checksum, which stands at the very end. Strict: fields that no server
/// writes are a problem, as they are for pg_verifybackup. The stream stays open.
/// </summary>
// PostgreSQL src/common/parse_manifest.c
internal sealed class BackupManifestReader : IDisposable
{
    private readonly BackupManifestInput _input;
    private readonly BackupManifestSyntax _syntax = new();
    private JsonReaderState _state;
    private string? _problem;
    private bool _hasBegun;
    private bool _hasAllFiles;
    private BackupManifestFile? _file;

    public BackupManifestReader(Stream stream)
    {
        _input = new BackupManifestInput(stream);
    }

    private delegate bool Step(ref Utf8JsonReader json);

    /// <summary>Gives the next file; false behind the last one, and at a problem, which <see cref="TryFinish"/> then tells.</summary>
    public bool TryReadFile([NotNullWhen(true)] out BackupManifestFile? file)
    {
        file = null;
        if (_hasAllFiles || !(_hasBegun || (_hasBegun = Run(_syntax.TryReadOpening))))
        {
            return false;
        }

        if (!Run((ref Utf8JsonReader json) => _syntax.TryReadFile(ref json, out _file)))
        {
            return false;
        }

        _hasAllFiles = _file is null;
        file = _file;
        return file is not null;
    }

    /// <summary>Reads what follows the files, past those not asked for, and compares the checksum. Call it once.</summary>
    public bool TryFinish([NotNullWhen(true)] out BackupManifestSummary? summary, out string problem)
    {
        while (TryReadFile(out _))
        {
        }

        summary = _hasAllFiles && Run(_syntax.TryReadClosing) && TryReachEnd() && HasRightChecksum() ? _syntax.Summary : null;
        problem = _problem ?? "";
        return summary is not null;
    }

    public void Dispose() => _input.Dispose();

    /// <summary>Tries a step on the bytes at hand, and again from the same place with more of them, until it is complete.</summary>
    private bool Run(Step step)
    {
        while (_problem is null)
        {
            var json = new Utf8JsonReader(_input.Unread, _input.IsAtEnd, _state);
            try
            {
                if (step(ref json))
                {
                    _state = json.CurrentState;
                    _input.Advance((int)json.BytesConsumed);
                    return true;
                }

                _problem = _syntax.Problem;
            }
            catch (JsonException exception)
            {
                _problem = $"backup_manifest is not valid JSON in line {exception.LineNumber + 1}";
            }
            catch (InvalidOperationException)
            {
                // What Utf8JsonReader says to an escape that is half of a surrogate pair, and to bytes that are not UTF-8.
                _problem = "backup_manifest has a text that is not valid UTF-8";
            }

            _problem ??= _input.IsAtEnd ? "backup_manifest ends too early"
                : !_input.TryFill() ? $"backup_manifest has an entry of more than {BackupManifestInput.MaxLength} bytes"
                : null;
        }

        return false;
    }

    private bool TryReachEnd()
    {
        while (!_input.IsAtEnd && _problem is null)
        {
            CheckRest();
            if (!_input.TryFill())
            {
                _problem = "backup_manifest goes on behind its end";
            }
        }

        CheckRest();
        return _problem is null;
    }

    private void CheckRest()
    {
        if (_input.Unread.ContainsAnyExcept(" \t\r\n"u8))
        {
            _problem = "backup_manifest goes on behind its end";
        }

        _input.Advance(_input.Unread.Length);
    }

    private bool HasRightChecksum()
    {
        var actual = _input.FinishHash();
        _problem = actual is null ? "the last line of backup_manifest is not ended"
            : !actual.AsSpan().SequenceEqual(_syntax.ManifestChecksum) ? "the checksum of backup_manifest is wrong"
            : null;
        return _problem is null;
    }
}
