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
            Compare(options, guest, directory);
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Hearth boots with a folder for its translations that is empty, and with one that a boot before has filled.</summary>
    private static void Compare(BootBenchOptions options, GuestConfiguration guest, string directory)
    {
        List<BootTime> cold = [];
        List<BootTime> warm = [];
        List<BootTime> theirs = [];
        Contender warmed = Hearth(guest, Path.Combine(directory, "warm"));
        _ = BootTime.Measure(warmed);
        Console.WriteLine($"{options.Kernel}, {options.Cpus} vCPU: seconds from process start to init and to power-off");
        Console.WriteLine("pair     cold init   cold off   warm init   warm off   qemu init   qemu off");
        for (int pair = 1; pair <= options.Pairs; pair++)
        {
            cold.Add(BootTime.Measure(Hearth(guest, Path.Combine(directory, $"cold{pair}"))));
            theirs.Add(BootTime.Measure(Contender.QemuTcg(guest)));
            warm.Add(BootTime.Measure(warmed));
            Console.WriteLine(Row(pair.ToString(CultureInfo.InvariantCulture), cold[^1], warm[^1], theirs[^1]));
        }

        BootTime ourCold = Median(cold);
        BootTime ourWarm = Median(warm);
        BootTime their = Median(theirs);
        Console.WriteLine(Row("median", ourCold, ourWarm, their));
        foreach ((string name, BootTime our) in ((string, BootTime)[])[("with nothing translated before", ourCold), ("with what a boot before has translated", ourWarm)])
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Hearth {name} takes {our.Init / their.Init:f2} times as long as QEMU TCG to init, {our.PowerOff / their.PowerOff:f2} times to power-off"));
        }

        if (options.JsonFile is not null)
            BenchOption.WriteFile(options.JsonFile, Json(options, cold, warm, theirs));
    }

    private static Contender Hearth(GuestConfiguration guest, string translations) => Contender.Hearth(guest, Contender.TranslationCache, translations);

    private static string Row(string name, params ReadOnlySpan<BootTime> times)
    {
        var row = new System.Text.StringBuilder($"{name,-6}");
        foreach (BootTime time in times)
            row.Append(CultureInfo.InvariantCulture, $"   {time.Init.TotalSeconds,9:f3}  {time.PowerOff.TotalSeconds,9:f3}");
        return row.ToString();
    }

    private static BootTime Median(List<BootTime> times) => new(Median(times, time => time.Init), Median(times, time => time.PowerOff));

    private static TimeSpan Median(List<BootTime> times, Func<BootTime, TimeSpan> figure) =>
        TimeSpan.FromSeconds(Statistics.Median(times.Select(time => figure(time).TotalSeconds)) ?? 0);

    private static string Json(BootBenchOptions options, List<BootTime> cold, List<BootTime> warm, List<BootTime> theirs)
    {
        BootTime their = Median(theirs);
        return JsonSerializer.Serialize(
            new
            {
                options.Kernel,
                options.Cpus,
                HearthCold = cold.Select(Seconds),
                HearthWarm = warm.Select(Seconds),
                Qemu = theirs.Select(Seconds),
                HearthColdMedian = Seconds(Median(cold)),
                HearthWarmMedian = Seconds(Median(warm)),
                QemuMedian = Seconds(their),
                ColdRatio = Median(cold).PowerOff / their.PowerOff,
                WarmRatio = Median(warm).PowerOff / their.PowerOff,
            },
            s_json);
    }

    private static object Seconds(BootTime time) => new { Init = time.Init.TotalSeconds, PowerOff = time.PowerOff.TotalSeconds };
}
