using System.Globalization;
using Hearth.Doctor.Facts;
using Hearth.Launch;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Doctor.Reading;

/// <summary>Has <c>hearth-vm</c> look at the CPU engines: this program knows none of them.</summary>
internal static class EngineInquiry
{
    /// <summary>The trial of KVM takes a twentieth of a second; the start of the process some more, and half a minute where the machine itself is emulated.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="program">The path of <c>hearth-vm</c>.</param>
    /// <param name="device">The path of the KVM device.</param>
    public static EngineFacts Ask(ProcessorFacts processor, string program, TimeSpan patience, string device = KvmHandover.Device)
    {
        var open = new List<FileDescriptor>();
        try
        {
            GuestConfiguration configuration = KvmHandover.Open(new GuestConfiguration { Engine = "auto" }, open.Add, device);
            var channel = FileDescriptor.CreateMemory("hearth-probe", 0);
            open.Add(channel);
            channel.Write(GuestConfigurationJson.Write(configuration));
            foreach (FileDescriptor file in open)
                file.KeepOnExecute();
            ProgramAnswer answer = ProgramAnswer.Ask(program, ["probe", channel.Number.ToString(CultureInfo.InvariantCulture)], patience);
            return answer.Problem is null ? Conclude(answer.Output, processor, configuration) : Unknown(answer.Problem, configuration);
        }
        catch (LinuxException error)
        {
            return Unknown(error.Message, new GuestConfiguration());
        }
        finally
        {
            foreach (FileDescriptor file in open)
                file.Dispose();
        }
    }

    private static EngineFacts Conclude(byte[] output, ProcessorFacts processor, GuestConfiguration configuration)
    {
        try
        {
            EngineReport report = EngineReportJson.Read(output);
            return EngineConclusion.Draw(report, processor.Virtualization);
        }
        catch (FormatException error)
        {
            return Unknown(error.Message, configuration);
        }
    }

    /// <summary>That the device does not open is known even so.</summary>
    private static EngineFacts Unknown(string problem, GuestConfiguration configuration) => new(
        null,
        $"It is not known on what guests run here: {problem}.",
        null,
        configuration.KvmRefusal is { } refusal ? new KvmReport(refusal, 0, 0) : null,
        []);
}
