using System.Diagnostics;
using Hearth.Fuzz;
using Hearth.Fuzz.Devices;
using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.Storage;

if (args is ["devices", ..])
    return DeviceFuzzCommand.Run(args.AsSpan(1));
if (FuzzOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(FuzzOptions.Usage);
    return 2;
}

var watch = Stopwatch.StartNew();
if (options.Images)
{
    long run = ImageFuzz.Run(options.Test ?? options.Seed, options.Test is null ? options.Programs : 1, () => watch.Elapsed > options.Limit);
    Console.WriteLine($"{run} damaged images, seed {options.Seed:X}, {watch.Elapsed.TotalSeconds:F1} s");
    return 0;
}

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
