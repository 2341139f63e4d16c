using Pgkeep.Commands;
using Pgkeep.Output;

using var output = new ConsoleOutput(Environment.GetEnvironmentVariable);
using var signals = new TerminationSignals();
var surroundings = new Surroundings(output, Environment.GetEnvironmentVariable, Environment.CurrentDirectory, TimeProvider.System);

return await new CommandHost(surroundings).RunAsync(args, signals.Token);
