using System.Globalization;
using System.IO.Pipelines;
using System.Linq.Expressions;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Hearth.Linux;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Hostile;

/// <summary>What a sealed process must still be able to do: what the runtime does by itself, and what a guest's process does with what it was given.</summary>
internal static class HonestWork
{
    /// <returns>What came of each piece of work: <c>ok</c>, or what went wrong.</returns>
    public static Dictionary<string, string> Run() => new()
    {
        ["collect garbage"] = Try(CollectGarbage),
        ["use the thread pool"] = Try(() => Enumerable.Range(0, 200).AsParallel().Select(i => i * i).Sum().ToString(CultureInfo.InvariantCulture)),
        ["start threads"] = Try(StartThreads),
        ["throw exceptions"] = Try(ThrowExceptions),
        ["compile code that was not there"] = Try(() => Expression.Lambda<Func<int>>(Expression.Add(Expression.Constant(40), Expression.Constant(2))).Compile()().ToString(CultureInfo.InvariantCulture)),
        ["use an assembly for the first time"] = Try(() => Regex.Replace("a1b22", "[0-9]+", "-") + new Pipe().Reader),
        ["call libc for the first time"] = Try(() => { CurrentThread.UsePreciseTimers(); CurrentThread.TrySetNice(1); _ = CurrentThread.Processor; }),
        ["wait and measure time"] = Try(() => { Thread.Sleep(2); _ = DateTimeOffset.UtcNow; _ = Environment.TickCount64; Task.Delay(3).Wait(); }),
        ["wait for descriptors"] = Try(WaitForDescriptors),
        ["make memory files and rings"] = Try(() => SharedRing.Create("work", 1 << 16).Dispose()),
        ["run machine code"] = Try(() => { MappedMemory.Anonymous(1 << 16, executable: true).Dispose(); MappedMemory.AnonymousHuge(4 << 20).Dispose(); }),
        ["wake a thread"] = Try(() => ThreadWaker.Wake(ThreadWaker.RegisterCurrent())),
        ["read a given file"] = Try(ReadFile),
        ["use a given socket"] = Try(UseSocket),
        ["not find a file"] = Try(() => File.Exists("/etc/passwd") ? throw new InvalidOperationException("it is there") : "ok"),
    };

    private static string Try(Action work) => Try(() =>
    {
        work();
        return "ok";
    });

    private static string Try(Func<string> work)
    {
        try
        {
            _ = work();
            return "ok";
        }
#pragma warning disable CA1031 // whatever it is, the test shall see it
        catch (Exception error)
        {
            return error.ToString();
        }
#pragma warning restore CA1031
    }

    private static void CollectGarbage()
    {
        var kept = new List<byte[]>();
        for (int i = 0; i < 1000; i++)
        {
            kept.Add(new byte[100_000]);
            if (kept.Count > 300)
                kept.RemoveRange(0, 200);
        }

        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.KeepAlive(kept);
    }

    private static void StartThreads()
    {
        for (int i = 0; i < 20; i++)
        {
            var thread = new Thread(() => GC.Collect(0)) { Name = "worker", IsBackground = true, Priority = ThreadPriority.AboveNormal };
            thread.Start();
            thread.Join();
        }
    }

    private static void ThrowExceptions()
    {
        for (int i = 0; i < 10; i++)
        {
            try
            {
                _ = int.Parse("x", CultureInfo.InvariantCulture);
            }
            catch (FormatException error)
            {
                _ = error.ToString();
            }
        }
    }

    private static void WaitForDescriptors()
    {
        using var flag = new EventDescriptor();
        using var poller = new Poller();
        var results = new PollResult[1];
        poller.Add(flag.Number, PollEvents.Readable, 1);
        flag.Signal();
        _ = poller.Wait(results, 1000);
        flag.Wait(1000);
    }

    private static string ReadFile()
    {
        using var stream = new FileStream(new SafeFileHandle(GivenNumber.ReadOnlyFile, ownsHandle: false), FileAccess.Read, 0);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static void UseSocket()
    {
        using var socket = new Socket(new SafeSocketHandle(GivenNumber.Socket, ownsHandle: false));
        socket.Blocking = false;
        _ = socket.Send([1, 2, 3]);
        socket.Blocking = true;
        var received = new byte[3];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        if (socket.ReceiveAsync(received, limit.Token).AsTask().GetAwaiter().GetResult() != received.Length)
            throw new InvalidOperationException("the echo is too short");
    }
}
