using Hearth.House;
using LiteDB;

namespace Hearth.Store;

/// <summary>A guest in the store.</summary>
internal static class GuestDocument
{
    public static DocumentMap<Guest> Map { get; } = new("guests", HouseFailure.GuestNotFound, (guest, id) => guest with { Id = id }, Write, Read);

    private static BsonDocument Write(Guest guest)
    {
        GuestDefinition definition = guest.Definition;
        return new()
        {
            ["_id"] = guest.Id,
            ["added"] = Bson.Of(guest.Added),
            ["name"] = definition.Name,
            ["engine"] = definition.Engine,
            ["memory"] = definition.Memory,
            ["cpus"] = definition.Cpus,
            ["cpuModel"] = Bson.Of(definition.CpuModel),
            ["paravirtual"] = Bson.Of(definition.Paravirtual),
            ["kernel"] = Bson.Of(definition.Kernel),
            ["initrd"] = Bson.Of(definition.Initrd),
            ["append"] = definition.Append,
            ["disks"] = new BsonArray(definition.Disks.Select(WriteDisk)),
            ["cdRoms"] = Bson.Of(definition.CdRoms),
            ["firmware"] = Bson.Of(definition.Firmware),
            ["bootOrder"] = Bson.Of(definition.BootOrder),
            ["networks"] = Bson.Of(definition.Networks),
            ["vga"] = definition.Vga,
            ["screen"] = Bson.Of(definition.Screen),
            ["sound"] = definition.Sound,
            ["input"] = definition.Input,
            ["balloon"] = Bson.Of(definition.Balloon),
            ["watchdog"] = definition.Watchdog,
            ["vsock"] = Bson.Of(definition.Vsock),
            ["cpuWeight"] = definition.CpuWeight,
            ["cpuCap"] = Bson.Of(definition.CpuCap),
            ["checkpointSeconds"] = definition.CheckpointSeconds,
            ["startsWithHouse"] = definition.StartsWithHouse,
            ["persons"] = new BsonArray(definition.Persons.Select(person => new BsonValue(person))),
        };
    }

    private static Guest Read(BsonDocument document) => new(document["_id"].AsInt32, ReadDefinition(document), Bson.Time(document["added"]));

    private static GuestDefinition ReadDefinition(BsonDocument document) => new()
    {
        Name = document["name"].AsString,
        Engine = document["engine"].AsString,
        Memory = document["memory"].AsString,
        Cpus = document["cpus"].AsInt32,
        CpuModel = Bson.TextOrNull(document["cpuModel"]),
        Paravirtual = Bson.TextOrNull(document["paravirtual"]),
        Kernel = Bson.TextOrNull(document["kernel"]),
        Initrd = Bson.TextOrNull(document["initrd"]),
        Append = document["append"].AsString,
        Disks = [.. document["disks"].AsArray.Select(disk => ReadDisk(disk.AsDocument))],
        CdRoms = Bson.Texts(document["cdRoms"]),
        Firmware = Bson.TextOrNull(document["firmware"]),
        BootOrder = Bson.Texts(document["bootOrder"]),
        Networks = Bson.Texts(document["networks"]),
        Vga = document["vga"].AsString,
        Screen = Bson.TextOrNull(document["screen"]),
        Sound = document["sound"].AsString,
        Input = document["input"].AsString,
        Balloon = Bson.TextOrNull(document["balloon"]),
        Watchdog = document["watchdog"].AsString,
        Vsock = Bson.TextOrNull(document["vsock"]),
        CpuWeight = document["cpuWeight"].AsInt32,
        CpuCap = Bson.NumberOrNull(document["cpuCap"]),
        CheckpointSeconds = document["checkpointSeconds"].AsInt32,
        StartsWithHouse = document["startsWithHouse"].AsBoolean,
        Persons = [.. document["persons"].AsArray.Select(person => person.AsInt32)],
    };

    private static BsonDocument WriteDisk(GuestDisk disk) => new()
    {
        ["path"] = disk.Path,
        ["format"] = Bson.Of(disk.Format),
        ["bus"] = disk.Bus,
        ["readOnly"] = disk.IsReadOnly,
    };

    private static GuestDisk ReadDisk(BsonDocument document) =>
        new(document["path"].AsString, Bson.TextOrNull(document["format"]), document["bus"].AsString, document["readOnly"].AsBoolean);
}
