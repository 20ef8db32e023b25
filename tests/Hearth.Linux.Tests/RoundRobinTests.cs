namespace Hearth.Linux.Tests;

public sealed class RoundRobinTests
{
    /// <summary>In a thread of its own, so that no other test has real-time turns.</summary>
    [Fact]
    public void Turns_areNotInheritedByPrograms_andAreGivenUpByAll()
    {
        bool isTaken = false;
        (bool Taker, bool Child) held = default;
        (bool Taker, bool Child) after = default;
        string policy = "";
        var taker = new Thread(() =>
        {
            if (!(isTaken = RoundRobin.TrySet()))
                return;
            using var isReady = new ManualResetEventSlim();
            using var givenUp = new ManualResetEventSlim();
            var child = new Thread(() =>
            {
                held.Child = RoundRobin.TrySet() && RoundRobin.IsHeld;
                isReady.Set();
                givenUp.Wait();
                after.Child = RoundRobin.IsHeld;
            });
            child.Start();
            isReady.Wait();
            held.Taker = RoundRobin.IsHeld;
            policy = PolicyOfASpawnedProgram();
            RoundRobin.GiveUp();
            after.Taker = RoundRobin.IsHeld;
            givenUp.Set();
            child.Join();
        });
        taker.Start();
        taker.Join();

        Assert.SkipUnless(isTaken, "this user gets no real-time turns");
        Assert.Equal((true, true), held);
        Assert.Equal((false, false), after);
        Assert.Equal("0", policy);
    }

    /// <summary>Field 41 of /proc/PID/stat (proc_pid_stat(5)).</summary>
    private static string PolicyOfASpawnedProgram()
    {
        const int Policy = 41;
        string file = Path.GetTempFileName();
        (FileDescriptor near, FileDescriptor far) = FileDescriptor.CreateSocketPair();
        using (near)
        {
            int process = ProcessImage.Spawn("/bin/sh", ["sh", "-c", $"cat /proc/self/stat > {file}"], far);
            far.Dispose();
            _ = near.Read(new byte[1]);
            ProcessImage.End(process);
        }

        string[] fields = File.ReadAllText(file).Split(' ');
        File.Delete(file);
        return fields[Policy - 1];
    }
}
