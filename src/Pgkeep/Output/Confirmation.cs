using Pgkeep.Diagnostics;

namespace Pgkeep.Output;

/// <summary>Asks on the terminal, unless the command line has answered already.</summary>
internal sealed class Confirmation : IConfirmation
{
    private readonly IOutput _output;
    private readonly bool _isGiven;

    /// <param name="isGiven">Whether <c>--yes</c> was said.</param>
    public Confirmation(IOutput output, bool isGiven)
    {
        _output = output;
        _isGiven = isGiven;
    }

    public async Task RequireAsync(string word, CancellationToken cancellationToken)
    {
        if (_isGiven)
        {
            return;
        }

        if (!_output.CanAsk)
        {
            throw new PgkeepException(
                ErrorKind.NotConfirmed,
                "not confirmed: there is no terminal to ask on, and nothing was changed",
                "say --yes to do it without a question");
        }

        _output.WriteNotePart($"Type {word} to go on, anything else to leave all as it is: ");

        if (await ReadAnswerAsync(cancellationToken) != word)
        {
            throw new PgkeepException(ErrorKind.NotConfirmed, "not confirmed: nothing was changed");
        }
    }

    private async Task<string?> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        string? answer = null;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();

            // The read cannot be interrupted; the wait for it can, and the process ends without it.
            answer = await Task.Run(_output.ReadAnswer, CancellationToken.None).WaitAsync(cancellationToken);
        }
        finally
        {
            if (answer is null)
            {
                // Nobody has pressed Enter, and what is said next begins a line of its own.
                _output.WriteNotePart("\n");
            }
        }

        return answer?.Trim();
    }
}
