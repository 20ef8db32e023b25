using System.Diagnostics;
using Hearth.Fuzz;
using Hearth.Fuzz.Devices;
using Hearth.Fuzz.Oracle;

if (args is ["devices", ..])
    return DeviceFuzzCommand.Run(args[1..]);
if (FuzzOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(FuzzOptions.Usage);
    return 2;
}

var watch = Stopwatch.StartNew();
var session = new FuzzSession(options);
try
{
    session.Run();
}
catch (OracleException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 3;
}

session.Report.Write(Console.Out);
Console.WriteLine($"seed {options.Seed:X}, {watch.Elapsed.TotalSeconds:F1} s");
return session.Report.Failures == 0 ? 0 : 1;
