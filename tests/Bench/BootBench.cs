using System.Globalization;
using System.Text.Json;

namespace Hearth.Bench;

/// <summary>Boots the same guest under Hearth and under QEMU TCG, in turn, so that what else the machine does hits both alike.</summary>
internal static class BootBench
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static int Run(BootBenchOptions options)
    {
        if (options.JsonFile is not null)
            BenchOption.CheckFile(options.JsonFile);
        string directory = Directory.CreateTempSubdirectory("hearth-bench-").FullName;
        try
        {
            GuestConfiguration guest = BootAssets.Create(options.Kernel, directory) with { Cpus = options.Cpus };
            Compare(options, Contender.Hearth(guest), Contender.QemuTcg(guest));
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Compare(BootBenchOptions options, Contender hearth, Contender qemu)
    {
        List<BootTime> ours = [];
        List<BootTime> theirs = [];
        Console.WriteLine($"{options.Kernel}, {options.Cpus} vCPU: seconds from process start to init and to power-off");
        Console.WriteLine("pair   hearth init   hearth off   qemu init   qemu off");
        for (int pair = 1; pair <= options.Pairs; pair++)
        {
            ours.Add(BootTime.Measure(hearth));
            theirs.Add(BootTime.Measure(qemu));
            Console.WriteLine(Row(pair.ToString(CultureInfo.InvariantCulture), ours[^1], theirs[^1]));
        }

        BootTime our = Median(ours);
        BootTime their = Median(theirs);
        Console.WriteLine(Row("median", our, their));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Hearth takes {our.Init / their.Init:f2} times as long as QEMU TCG to init, {our.PowerOff / their.PowerOff:f2} times to power-off"));
        if (options.JsonFile is not null)
            BenchOption.WriteFile(options.JsonFile, Json(options, ours, theirs, our, their));
    }

    private static string Row(string name, BootTime ours, BootTime theirs) => string.Create(CultureInfo.InvariantCulture,
        $"{name,-6} {ours.Init.TotalSeconds,11:f3}   {ours.PowerOff.TotalSeconds,10:f3}   {theirs.Init.TotalSeconds,9:f3}   {theirs.PowerOff.TotalSeconds,8:f3}");

    private static BootTime Median(List<BootTime> times) => new(Median(times, time => time.Init), Median(times, time => time.PowerOff));

    private static TimeSpan Median(List<BootTime> times, Func<BootTime, TimeSpan> figure) =>
        TimeSpan.FromSeconds(Statistics.Median(times.Select(time => figure(time).TotalSeconds)) ?? 0);

    private static string Json(BootBenchOptions options, List<BootTime> ours, List<BootTime> theirs, BootTime our, BootTime their) =>
        JsonSerializer.Serialize(
            new
            {
                options.Kernel,
                options.Cpus,
                Hearth = ours.Select(Seconds),
                Qemu = theirs.Select(Seconds),
                HearthMedian = Seconds(our),
                QemuMedian = Seconds(their),
                InitRatio = our.Init / their.Init,
                PowerOffRatio = our.PowerOff / their.PowerOff,
            },
            s_json);

    private static object Seconds(BootTime time) => new { Init = time.Init.TotalSeconds, PowerOff = time.PowerOff.TotalSeconds };
}
