using Pgkeep.Commands;
using Pgkeep.Output;

using var output = new ConsoleOutput(Environment.GetEnvironmentVariable);
using var signals = new TerminationSignals();

return await new CommandHost(Surroundings.OfProcess(output)).RunAsync(args, signals.Token);
