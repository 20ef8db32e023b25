using System.Globalization;
using Hearth.Linux;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Runs by itself: other tests open and close files too, and these want certain numbers.</summary>
[CollectionDefinition(nameof(DirectLauncherTests), DisableParallelization = true)]
public sealed class DirectLauncherTestsCollection;

/// <summary>What a process for user code is started with.</summary>
[Collection(nameof(DirectLauncherTests))]
public sealed class DirectLauncherTests
{
    private const int First = DirectLauncher.RamDescriptor - 1;
    private const int Last = DirectLauncher.StubDescriptor + 1;

    /// <summary>This process may have anything open under the numbers that the child knows RAM and stub by: those very files, the other way round.</summary>
    [Fact]
    public void Child_hasRamAndStub_whateverNumbersTheyHaveHere()
    {
        // Each has a file open: all the numbers are in use then, by these or by what was open before.
        List<DirectLauncher> launchers = [];
        try
        {
            while (Enumerable.Range(First, Last - First + 1).Any(number => !Path.Exists($"/proc/self/fd/{number}")))
                launchers.Add(new DirectLauncher());
            launchers.Add(new DirectLauncher());

            foreach (DirectLauncher launcher in launchers.TakeLast(Last - First + 2))
            {
                for (int ram = First; ram <= Last; ram++)
                {
                    for (int stub = First; stub <= Last; stub++)
                        AssertDescriptors(launcher, ram, stub);
                }
            }
        }
        finally
        {
            foreach (DirectLauncher launcher in launchers)
                launcher.Dispose();
        }
    }

    private static void AssertDescriptors(DirectLauncher launcher, int ram, int stub)
    {
#pragma warning disable CA2000 // Whoever opened them closes them.
        using TracedProcess process = launcher.Start(new FileDescriptor(ram), new FileDescriptor(stub));
#pragma warning restore CA2000

        string child = process.Id.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(
            (IdentityOf("self", ram), IdentityOf("self", stub)),
            (IdentityOf(child, DirectLauncher.RamDescriptor), IdentityOf(child, DirectLauncher.StubDescriptor)));
        Assert.Equal("/memfd:hearth-user (deleted)", new FileInfo($"/proc/{child}/exe").LinkTarget);
    }

    /// <summary>Mount and inode (proc(5), /proc/pid/fdinfo).</summary>
    private static string IdentityOf(string process, int descriptor)
    {
        string[] lines = [.. File.ReadLines($"/proc/{process}/fdinfo/{descriptor}").Where(line => line.StartsWith("mnt_id:", StringComparison.Ordinal) || line.StartsWith("ino:", StringComparison.Ordinal))];
        Assert.Equal(2, lines.Length);
        return string.Join(' ', lines);
    }
}
