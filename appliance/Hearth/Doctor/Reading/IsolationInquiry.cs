using System.Globalization;
using Hearth.Doctor.Facts;
using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Running;

namespace Hearth.Doctor.Reading;

/// <summary>Starts <c>hearth-vm</c> as a guest's process is started, has it complete its jail and end, and looks what was in place.</summary>
internal static class IsolationInquiry
{
    // Nobody's on a Debian system, and no guest's.
    private const uint User = 699_999;
    private const int SealNumber = 3;

    /// <param name="program">The path of <c>hearth-vm</c>.</param>
    public static IsolationFacts Ask(string program, TimeSpan patience)
    {
        DirectoryInfo? made = null;
        try
        {
            string root = GuestPlaces.UsualRoot ?? (made = Directory.CreateTempSubdirectory("hearth-root-")).FullName;
            using JailedProcess process = GuestJail.Start(new JailRequest
            {
                Program = program,
                Arguments = [Path.GetFileName(program), "seal", SealNumber.ToString(CultureInfo.InvariantCulture)],
                Environment = [.. GuestStarter.EnvironmentOf()],
                SealNumber = SealNumber,
                RootFolder = root,
                User = Environment.IsPrivilegedProcess ? new JailUser(User, User) : null,
            });
            return Conclude(process, patience);
        }
        catch (Exception error) when (error is LinuxException or IOException)
        {
            return new IsolationFacts([], [$"guests of the house cannot be started: {error.Message}"]);
        }
        finally
        {
            made?.Delete();
        }
    }

    private static IsolationFacts Conclude(JailedProcess process, TimeSpan patience)
    {
        bool isEmptied = process.WaitSealed(patience);
        bool hasEnded = process.Process.WaitEnded(patience);
        ProcessEnding? ending = process.End();
        JailLayers layers = process.Layers | (hasEnded && ending is { ExitCode: 0, Signal: 0 } ? JailLayers.SystemCalls : JailLayers.None);
        List<string> lacking = [.. process.Lacking];
        if (!isEmptied && layers.HasFlag(JailLayers.Namespaces))
            lacking.Add("the root of a guest's process cannot be emptied");
        if (!layers.HasFlag(JailLayers.SystemCalls))
            lacking.Add("the system calls of a guest's process cannot be restricted");
        if (new GuestGroups().Obstacle is { } obstacle)
            lacking.Add($"a guest's memory and processor time have no bounds: {obstacle}");
        return new IsolationFacts([.. Enum.GetValues<JailLayers>().Where(layer => layer != JailLayers.None && layers.HasFlag(layer)).Select(layer => Describe(layer))], lacking);
    }

    private static string Describe(JailLayers layer) => layer switch
    {
        JailLayers.OwnUser => "a user of its own",
        JailLayers.Namespaces => "namespaces",
        JailLayers.NoCapabilities => "no capability",
        JailLayers.NoNewPrivileges => "no new privileges",
        JailLayers.FileRules => "no file to write (Landlock)",
        JailLayers.NetworkRules => "no TCP (Landlock)",
        JailLayers.ScopeRules => "no signals outside (Landlock)",
        JailLayers.ResourceLimits => "limits of descriptors and threads",
        JailLayers.Cgroup => "a group with bounds",
        JailLayers.EmptyRoot => "an empty root",
        _ => "a list of system calls",
    };
}
