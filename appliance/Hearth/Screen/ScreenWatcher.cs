using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Screen;

/// <summary>
/// A process beside the guest's that looks at its screen: takes screenshots and asks for sizes. It is <c>hearth</c> again: nothing here parses what the guest wrote but the
/// picture, whose every number is checked.
/// </summary>
internal static class ScreenWatcher
{
    /// <summary>The hidden command.</summary>
    public const string Command = "watch-screen";

    private const int DescriptorCount = 5;
    private static readonly TimeSpan s_frame = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_forever = TimeSpan.FromDays(1);
    private static readonly long s_start = Stopwatch.GetTimestamp();

    /// <summary>Starts the watcher.</summary>
    /// <param name="screen">Shared with it; kept over the next execute.</param>
    /// <returns>The guest's end of the link to it.</returns>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static FileDescriptor Start(ScreenFiles screen, IEnumerable<ScreenEvent> events)
    {
        screen.KeepOnExecute();
        (FileDescriptor guestEnd, FileDescriptor watcherEnd) = FileDescriptor.CreateSocketPair();
        List<string> arguments = ["hearth", Command, .. screen.Descriptors.Append(watcherEnd.Number).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        foreach (ScreenEvent each in events)
            arguments.AddRange([each.After?.ToString(CultureInfo.InvariantCulture) ?? "end", each.Resize?.ToString() ?? "", each.File is { } file ? Path.GetFullPath(file) : ""]);
        using (watcherEnd)
            _ = ProcessImage.Spawn(Path.Combine(AppContext.BaseDirectory, "hearth"), arguments, watcherEnd);
        return guestEnd;
    }

    /// <summary>The watcher's own work.</summary>
    /// <param name="arguments">What <see cref="Start"/> wrote.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments)
    {
        if (arguments.Count < DescriptorCount || (arguments.Count - DescriptorCount) % 3 != 0)
            throw new UsageException($"hearth {Command} is for hearth itself");
        int[] numbers = [.. arguments.Take(DescriptorCount).Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        List<ScreenEvent> events = [.. arguments.Skip(DescriptorCount).Chunk(3).Select(ReadEvent)];

        // A terminal, or whoever ends a group of processes, sends these to everybody; the watcher ends when the guest has.
        using var interrupts = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var quits = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, context => context.Cancel = true);
        using var ends = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
        using var hangups = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        using MappedMemory picture = MappedMemory.SharedReadOnly(new FileDescriptor(numbers[0]), ScanoutLayout.Length);
        using MappedMemory wish = MappedMemory.Shared(new FileDescriptor(numbers[1]), ScanoutWish.Length);
        using var ready = new EventDescriptor(numbers[2]);
        using var wanted = new EventDescriptor(numbers[3]);
        using var link = new FileDescriptor(numbers[4]);
        var guest = new GuestLink(link);
        foreach (ScreenEvent each in events.OrderBy(each => each.After ?? double.MaxValue))
        {
            Wait(guest, each.After);
            if (each.Resize is { } size)
                AskFor(size, wish, wanted);
            else
                Take(each, picture, ready, wanted, guest);
        }

        return ExitCode.Success;
    }

    private static ScreenEvent ReadEvent(string[] parts) => new(
        parts[0] == "end" ? null : double.Parse(parts[0], CultureInfo.InvariantCulture),
        parts[1].Length == 0 ? null : ScreenSize.Parse("--resize", parts[1]),
        parts[2].Length == 0 ? null : parts[2]);

    /// <summary>Waits for the time of an event, or the guest's end.</summary>
    private static void Wait(GuestLink guest, double? after)
    {
        while (!guest.HasEnded)
        {
            TimeSpan left = after is { } seconds ? TimeSpan.FromSeconds(seconds) - Stopwatch.GetElapsedTime(s_start) : s_forever;
            if (left <= TimeSpan.Zero)
                return;
            guest.Wait(left);
        }
    }

    private static void AskFor(ScreenSize size, MappedMemory wish, EventDescriptor wanted)
    {
        ScanoutWish.Write(wish.Bytes(0, ScanoutWish.Length), size.Width, size.Height);
        wanted.Signal();
    }

    private static void Take(ScreenEvent wantedPicture, MappedMemory shared, EventDescriptor ready, EventDescriptor wanted, GuestLink guest)
    {
        // What was shown while nobody looked is old. When the guest is gone, or nothing changes, what is there is the newest.
        if (wantedPicture.After is not null)
        {
            _ = ready.TryTake();
            wanted.Signal();
            _ = ready.WaitUntilUp(s_frame);
        }

        var picture = new ScanoutPicture();
        if (!picture.TryTake(shared.Bytes(0, ScanoutLayout.Length)) || picture.Width == 0)
        {
            // One that has not started has said why.
            guest.Wait(TimeSpan.Zero);
            if (!guest.IsGone)
                Console.Error.WriteLine($"hearth: --screenshot {wantedPicture.File}: the guest shows no picture.");
            return;
        }

        try
        {
            File.WriteAllBytes(wantedPicture.File!, PngWriter.Write(picture.Width, picture.Height, picture.Pixels));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"hearth: --screenshot {wantedPicture.File}: {error.Message.TrimEnd('.')}.");
        }
    }
}
