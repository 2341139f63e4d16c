namespace Pgkeep.Output;

/// <summary>Stands between a command and what it would replace.</summary>
internal interface IConfirmation
{
    /// <param name="word">What a person must type in full: the word, not a "y".</param>
    /// <exception cref="Diagnostics.PgkeepException">It was not confirmed.</exception>
    Task RequireAsync(string word, CancellationToken cancellationToken);
}
