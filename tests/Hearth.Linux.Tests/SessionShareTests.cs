using System.Diagnostics;
using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests;

public sealed class SessionShareTests
{
    private static string GroupOf(int process) => File.ReadAllText($"/proc/{process}/autogroup").TrimEnd();

    [Fact]
    public void Share_ofASession_isSet_andIsTheUsualOneAgain()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "who is not root can give nobody a larger share");
        Assert.SkipUnless(File.Exists("/proc/self/autogroup"), "this kernel has no groups of sessions");
        using Process sleeper = Start("setsid", "sleep", "1000");
        using var handle = ProcessHandle.Open(sleeper.Id);
        try
        {
            // It leads none before it has begun one.
            Assert.True(SpinWait.SpinUntil(() => SessionShare.TrySet(handle, SessionShare.Larger), TimeSpan.FromSeconds(10)));
            Assert.EndsWith("nice -10", GroupOf(sleeper.Id), StringComparison.Ordinal);
            Assert.True(SessionShare.TrySet(handle, SessionShare.Usual));
            Assert.EndsWith("nice 0", GroupOf(sleeper.Id), StringComparison.Ordinal);
        }
        finally
        {
            sleeper.Kill();
        }

        sleeper.WaitForExit();
        Assert.False(SessionShare.TrySet(handle, SessionShare.Larger));
    }

    [Fact]
    public void Share_ofASessionThatAnotherLeads_staysAsItIs()
    {
        using Process sleeper = Start("sleep", "1000");
        using var handle = ProcessHandle.Open(sleeper.Id);
        try
        {
            Assert.False(SessionShare.TrySet(handle, SessionShare.Larger));
        }
        finally
        {
            sleeper.Kill();
            sleeper.WaitForExit();
        }
    }

    private static Process Start(string program, params string[] arguments) => Process.Start(program, arguments);
}
