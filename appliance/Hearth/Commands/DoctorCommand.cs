using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Doctor;
using Hearth.Doctor.Facts;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Commands;

/// <summary><c>hearth doctor</c>: tells what guests run on here, and every fact about this host and its house. Whatever it finds is no failure.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON document, for programs, instead of a table.", Arity = ArgumentArity.Zero };
        var command = new Command("doctor", "Tell what this host has for guests: processor, KVM and why it is taken or not, memory, devices, versions, and how its house is.") { json, HomeOption.Instance };
        command.SetAction(parsed => Run(parsed.GetValue(json), HomeOption.Read(parsed)));
        return command;
    }

    private static int Run(bool asJson, HomeFolder home)
    {
        using var output = new FileDescriptor(1);
        HostFacts facts = HostInspection.Run();
        HouseFacts house = HouseInspection.Run(home);
        int? width = TerminalScreen.Width(output);
        StandardOutput.Write(output, asJson ? Join(facts, house) : HostTable.Write(facts, width) + Describe(house, width));
        return ExitCode.Success;
    }

    private static string Join(HostFacts facts, HouseFacts house)
    {
        JsonObject document = JsonNode.Parse(HostFactsJson.Write(facts))!.AsObject();
        document["house"] = JsonSerializer.SerializeToNode(house, ApiJson.Client.HouseFacts);
        return document.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = ApiJson.Client.Options.Encoder }) + '\n';
    }

    private static string Describe(HouseFacts house, int? width)
    {
        var table = new TableText(width);
        table.Section("House");
        table.Row("home", house.Home);
        table.Row("Hearth", house.Up ? $"up, with {house.Running} of {house.Guests} guests running" : "not up: `hearth up` starts it");
        table.Row("store", house.Store);
        table.Row("newest backup", house.Backup ?? "none yet");
        return table.ToString();
    }
}
